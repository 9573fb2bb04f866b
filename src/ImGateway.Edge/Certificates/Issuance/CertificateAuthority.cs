using System.Security.Cryptography.X509Certificates;
using ImGateway.Acme;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>
/// The operations of a CA that the certificate flow needs; <see cref="CertificateIssuer"/> implements them by ACME. A test replaces the CA by registering its own
/// <see cref="CreateIssuingCa"/>.
/// </summary>
/// <param name="Issue">Issues a certificate for the host of the request.</param>
/// <param name="AskRenewalInfo">Fetches the renewal window of a certificate (RFC 9773); returns null if the CA has no ARI.</param>
/// <param name="Revoke">Revokes a certificate whose key this edge has.</param>
sealed record CertificateAuthority(IssueCertificate Issue, AskRenewalInfo AskRenewalInfo, RevokeCertificate Revoke)
{
    /// <summary>For edges whose certificates do not come from a CA.</summary>
    public static readonly CertificateAuthority None = new(
        (_, _, _) => throw new IssuanceException("no CA is configured"),
        (_, _) => Task.FromResult<RenewalWindow?>(null),
        (_, _, _) => throw new IssuanceException("no CA is configured"));
}

/// <summary>The configured CA with its remaining limits.</summary>
sealed record IssuingCa(CertificateAuthority Authority, IssuanceBudget Budget);

/// <exception cref="IssuanceException">Issuance failed. Other exceptions, except for the caller's cancellation, count as failures too.</exception>
delegate Task<HostCertificate> IssueCertificate(IssueRequest request, IProgress<string> progress, CancellationToken cancellationToken);

/// <summary>Exceptions are logged and do not prevent renewals.</summary>
delegate Task<RenewalWindow?> AskRenewalInfo(X509Certificate2 certificate, CancellationToken cancellationToken);

/// <exception cref="IssuanceException">The CA has not revoked it.</exception>
delegate Task RevokeCertificate(X509Certificate2 certificate, RevocationReason reason, CancellationToken cancellationToken);

/// <summary>A request for a certificate.</summary>
/// <param name="Current">The host's present certificate, which the order replaces, and whose key is reused with Certificates:ReuseKey.</param>
/// <param name="Pending">Stores the order and its key over a crash; the issuer keeps it once the CA may have issued the certificate.</param>
/// <param name="BeginOrder">
/// Called right before an order is sent, with whether the CA exempts it from its limits (RFC 9773 §5); records the order. Not called for an order
/// that is resumed after a crash. Throws if the budget does not allow the order.
/// </param>
/// <param name="Resumes">
/// Called when the CA has reported the state of an order that is resumed after a crash and was counted when it was sent: from then on it counts
/// as if this renewal had sent it.
/// </param>
/// <param name="AuthorizationFailed">Called for each failed validation, which CAs limit too.</param>
sealed record IssueRequest(HostName Host, HostCertificate? Current, PendingOrderFile Pending, Func<bool, Task> BeginOrder, Action Resumes, Func<Task> AuthorizationFailed)
{
    /// <summary>Requires a new key, overriding Certificates:ReuseKey.</summary>
    public bool NewKey { get; init; }

    /// <summary>SHA-256 of the revoked certificate to replace; null if none was revoked.</summary>
    public string? Revoked => NewKey ? Current?.Credential.Fingerprint : null;

    /// <summary>See <see cref="RenewalPolicy.IsLate"/>.</summary>
    public bool IsLate { get; init; }

    /// <summary>Whether this is a dry run at the CA's staging directory.</summary>
    public bool Staging { get; init; }
}
