using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Renewal;

/// <summary>Determines the next action by the certificate's source. Pure.</summary>
static class NextActions
{
    public const string Renew = "renew";
    public const string Rotate = "rotate";
    public const string None = "none";

    /// <param name="state">The renewal state of the certificate, if known.</param>
    public static NextAction Of(ServedCredential served, RenewalState? state, EdgeOptions options, DateTimeOffset now)
    {
        var (credential, maxAge) = (served.Credential, options.Certificates.MaxAge);
        if (options.Certificates.Source == CertificateSource.Acme && served.Source != ServedCredential.Files) return ByCa(served, state, options, now);
        if (options.Certificates.Source == CertificateSource.SelfSigned && served.Source != ServedCredential.Files)
        {
            return served.ByHand
                ? new(Renew, credential.NotAfter, "self-signed once it expires")
                : new(Renew, RenewalPolicy.Due(new Validity(credential.NotBefore, credential.NotAfter), RenewalState.For(null), RenewalSettings.Of(options)).At, "self-signed");
        }

        if (now > credential.NotAfter) return new(None, At: null, "expired");
        var byAge = credential.NotBefore + maxAge;
        return byAge < credential.NotAfter ? new(Rotate, byAge, "MaxAge") : new(Rotate, credential.NotAfter, "expiry");
    }

    /// <summary>The next action for a host without a certificate; null if only the operator can provide one.</summary>
    public static NextAction? OfMissing(RenewalState state, EdgeOptions options, DateTimeOffset now) =>
        options.Certificates.Source == CertificateSource.Acme
            ? new(Renew, state.NextAttempt ?? now, RenewalReasons.Missing) { LastError = state.LastError, Failures = state.Failures }
            : null;

    /// <summary>Also for imported certificates, which are renewed like all others.</summary>
    static NextAction ByCa(ServedCredential served, RenewalState? state, EdgeOptions options, DateTimeOffset now)
    {
        var known = state ?? RenewalState.For(null);
        var due = Validity.Of(served) is { } validity
            ? RenewalPolicy.Due(validity, known, RenewalSettings.Of(options))
            : new RenewalPolicy(now, RenewalReasons.Missing);
        var at = known.NextAttempt is { } retry && retry > due.At ? retry : due.At;
        return new(Renew, at, due.Reason) { LastError = known.LastError, Failures = known.Failures };
    }
}
