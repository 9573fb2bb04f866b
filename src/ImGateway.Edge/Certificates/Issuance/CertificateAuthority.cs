using System.Security.Cryptography.X509Certificates;
using ImGateway.Acme;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>
/// All that the life cycle asks of a CA: the seam by which it can be driven without one. <see cref="CertificateIssuer"/> is the real thing.
/// A simulation registers its own <see cref="CreateIssuingCa"/>, a probe, a <see cref="TimeProvider"/> and a <see cref="Random"/>; then, for as
/// long as it likes: advance the clock, <c>await manager.LookAsync(…)</c>, <c>await manager.RenewalsAsync()</c>.
/// </summary>
/// <param name="Issue">A certificate for the request's host.</param>
/// <param name="AskRenewalInfo">When the CA would like a certificate to be renewed; null where it has no such service.</param>
/// <param name="Revoke">Of a certificate that this edge holds the key of.</param>
sealed record CertificateAuthority(IssueCertificate Issue, AskRenewalInfo AskRenewalInfo, RevokeCertificate Revoke)
{
    /// <summary>For edges whose certificates come from elsewhere.</summary>
    public static readonly CertificateAuthority None = new(
        (_, _, _) => throw new IssuanceException("no CA is configured"),
        (_, _) => Task.FromResult<RenewalWindow?>(null),
        (_, _, _) => throw new IssuanceException("no CA is configured"));
}

/// <summary>The configured CA and what is left of its limits: one is of no use without the other.</summary>
sealed record IssuingCa(CertificateAuthority Authority, IssuanceBudget Budget);

/// <exception cref="IssuanceException">Anything that is not the caller's cancellation; other exceptions count as failures too.</exception>
delegate Task<ServedCredential> IssueCertificate(IssueRequest request, IProgress<string> progress, CancellationToken cancellationToken);

/// <summary>Whatever it throws is logged and keeps no certificate from being renewed.</summary>
delegate Task<RenewalWindow?> AskRenewalInfo(X509Certificate2 certificate, CancellationToken cancellationToken);

/// <exception cref="IssuanceException">The CA has not revoked it.</exception>
delegate Task RevokeCertificate(X509Certificate2 certificate, RevocationReason reason, CancellationToken cancellationToken);

/// <summary>What is to be issued.</summary>
/// <param name="Current">What the host serves: what the order replaces, and whose key is kept with Certificates:ReuseKey.</param>
/// <param name="Pending">Where the order and its key outlive a crash; left alone by the issuer once the CA may have issued.</param>
/// <param name="BeginOrder">
/// To be called right before an order is sent, with whether the CA exempts it from its limits (RFC 9773 §5): writes it down. Not for an order
/// that goes on after a crash. Throws where the budget does not allow it.
/// </param>
/// <param name="Resumes">
/// To be called once the CA has said what became of an order that goes on after a crash and was counted when it was sent: it counts, or comes to
/// nothing, as if this renewal had sent it.
/// </param>
/// <param name="AuthorizationFailed">To be called each time the CA looked for a proof and did not find it: it limits that too.</param>
sealed record IssueRequest(HostName Host, ServedCredential? Current, PendingOrderFile Pending, Func<bool, Task> BeginOrder, Action Resumes, Func<Task> AuthorizationFailed)
{
    /// <summary>Whatever Certificates:ReuseKey says.</summary>
    public bool NewKey { get; init; }

    /// <summary>SHA-256 of the certificate that was revoked and is to be replaced; null where none was.</summary>
    public string? Revoked => NewKey ? Current?.Credential.Fingerprint : null;

    /// <summary>See <see cref="RenewalPolicy.IsLate"/>.</summary>
    public bool IsLate { get; init; }

    /// <summary>A dry run at the CA's staging directory.</summary>
    public bool Staging { get; init; }
}
