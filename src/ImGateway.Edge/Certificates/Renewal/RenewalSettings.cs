using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Renewal;

/// <summary>What an operator decides about renewals.</summary>
/// <param name="MaxAge">No certificate is served past this age without an attempt to replace it.</param>
/// <param name="RenewAt">Fraction of life left; 0: as the CA asks, else by <see cref="RenewalPolicy"/>'s own fractions.</param>
/// <param name="AsksCa">Whether there is a CA to ask (RFC 9773): the development CA is none.</param>
sealed record RenewalSettings(TimeSpan MaxAge, double RenewAt = 0, bool AsksCa = false)
{
    public static RenewalSettings Of(EdgeOptions options) => options.Certificates.Source == CertificateSource.Acme
        ? new(options.Certificates.MaxAge, options.Acme.RenewAt, AsksCa: options.Acme.RenewAt <= 0)
        : new(options.Certificates.MaxAge);
}
