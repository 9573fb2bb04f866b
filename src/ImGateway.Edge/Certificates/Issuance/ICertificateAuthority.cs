using System.Security.Cryptography.X509Certificates;
using ImGateway.Acme;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>What the certificate flow needs of a CA. <see cref="CertificateIssuer"/> is a CA with ACME.</summary>
interface ICertificateAuthority
{
    /// <summary>Issues a certificate for the host of the request.</summary>
    /// <exception cref="IssuanceException">Issuance failed. Other exceptions, except for the caller's cancellation, count as failures too.</exception>
    Task<HostCertificate> IssueAsync(IssueRequest request, IProgress<string> progress, CancellationToken cancellationToken);

    /// <summary>
    /// Fetches the renewal window of a certificate (RFC 9773); returns null if the CA has no ARI. Exceptions are logged and do not prevent renewals.
    /// </summary>
    Task<RenewalWindow?> AskRenewalInfoAsync(X509Certificate2 certificate, CancellationToken cancellationToken);

    /// <summary>Revokes a certificate whose key this edge has.</summary>
    /// <exception cref="IssuanceException">The CA has not revoked it.</exception>
    Task RevokeAsync(X509Certificate2 certificate, RevocationReason reason, CancellationToken cancellationToken);
}

/// <summary>The configured CA with its remaining limits.</summary>
sealed record IssuingCa(ICertificateAuthority Authority, IssuanceBudget Budget);
