using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Renewal;

/// <summary>The next action for a certificate.</summary>
/// <param name="Action"><c>renew</c>: the edge renews it; <c>rotate</c>: the operator must replace it; <c>none</c>.</param>
/// <param name="At">The latest time of the action; null if none is planned.</param>
/// <param name="Why">The reason, in a word or two.</param>
public sealed record NextAction(string Action, DateTimeOffset? At, string Why)
{
    internal const string Renew = "renew";
    internal const string Rotate = "rotate";
    internal const string None = "none";

    /// <summary>The error of the last attempt, in one line; null if it did not fail.</summary>
    public string? LastError { get; init; }

    /// <summary>Failed attempts since the last success.</summary>
    public int Failures { get; init; }

    /// <summary>Determines the next action by the certificate's source. Pure.</summary>
    /// <param name="state">The renewal state of the certificate, if known.</param>
    internal static NextAction Of(HostCertificate served, RenewalState? state, EdgeOptions options, DateTimeOffset now)
    {
        var (credential, maxAge) = (served.Credential, options.Certificates.MaxAge);
        if (options.Certificates.Source == CertificateSource.Acme && served.Source != HostCertificate.Files) return ByCa(served, state, options, now);
        if (options.Certificates.Source == CertificateSource.SelfSigned && served.Source != HostCertificate.Files)
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
    internal static NextAction? OfMissing(RenewalState state, EdgeOptions options, DateTimeOffset now) =>
        options.Certificates.Source == CertificateSource.Acme
            ? new(Renew, state.NextAttempt ?? now, RenewalReasons.Missing) { LastError = state.LastError, Failures = state.Failures }
            : null;

    public override string ToString() =>
        (At is { } at ? $"{Action} by {at:yyyy-MM-dd}: {Why}" : $"{Action}: {Why}") + (LastError is null ? "" : $"; the last attempt failed: {LastError}");

    /// <summary>Also for imported certificates, which are renewed like all others.</summary>
    static NextAction ByCa(HostCertificate served, RenewalState? state, EdgeOptions options, DateTimeOffset now)
    {
        var known = state ?? RenewalState.For(null);
        var due = Validity.Of(served) is { } validity
            ? RenewalPolicy.Due(validity, known, RenewalSettings.Of(options))
            : new RenewalPolicy(now, RenewalReasons.Missing);
        var at = known.NextAttempt is { } retry && retry > due.At ? retry : due.At;
        return new(Renew, at, due.Reason) { LastError = known.LastError, Failures = known.Failures };
    }
}
