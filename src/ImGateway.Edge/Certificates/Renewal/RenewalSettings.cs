using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Renewal;

/// <summary>The options about renewals.</summary>
/// <param name="MaxAge">The age at which a certificate is replaced, even if it is valid for longer.</param>
/// <param name="RenewAt">The fraction of the lifetime left at which to renew; 0: at the CA's suggested time, or else at the fractions of <see cref="RenewalPolicy"/>.</param>
/// <param name="AsksCa">Whether to fetch the CA's suggested window (RFC 9773); false for the development CA.</param>
sealed record RenewalSettings(TimeSpan MaxAge, double RenewAt = 0, bool AsksCa = false)
{
    public static RenewalSettings Of(EdgeOptions options) => options.Certificates.Source == CertificateSource.Acme
        ? new(options.Certificates.MaxAge, options.Acme.RenewAt, AsksCa: options.Acme.RenewAt <= 0)
        : new(options.Certificates.MaxAge);
}
