using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>A request for a certificate.</summary>
/// <param name="Current">The host's present certificate, which the order replaces, and whose key is reused with Certificates:ReuseKey.</param>
/// <param name="Pending">Stores the order and its key over a crash; the issuer keeps it once the CA may have issued the certificate.</param>
/// <param name="BeginOrder">
/// Called right before an order is sent, with whether the CA exempts it from its limits (RFC 9773 §5); records the order, and returns whether it counts in
/// the budget. Not called for an order that is resumed after a crash. Throws if the budget does not allow the order.
/// </param>
/// <param name="Resumes">
/// Called when the CA has reported the state of an order that is resumed after a crash and was counted when it was sent: from then on it counts
/// as if this renewal had sent it.
/// </param>
/// <param name="AuthorizationFailed">Called for each failed validation, which CAs limit too.</param>
sealed record IssueRequest(
    HostName Host, HostCertificate? Current, PendingOrderStore Pending, Func<bool, Task<bool>> BeginOrder, Action Resumes, Func<Task> AuthorizationFailed)
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
