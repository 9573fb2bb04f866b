using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Stapling;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

/// <summary>The certificates of the configured hosts and their next actions, for the status page and verbs.</summary>
sealed class CertificateOverview(
    CertificateConfiguration options, CertificateInstaller installer, RenewalBook book, RefusedFiles refused, OcspStates ocsp, TimeProvider time)
{
    /// <summary>One entry for each configured host that has a certificate, in configuration order.</summary>
    public IReadOnlyList<ManagedCertificate> Certificates =>
    [
        .. ManagedCertificate.ListOf(installer.Served, book.Of, options.Value, time)
            .Select(managed => managed with { Ocsp = ocsp.Of(managed.Host) }),
    ];

    /// <summary>Certificate files that were refused and have not been corrected yet. A snapshot: the list is never changed in place.</summary>
    public IReadOnlyList<RefusedFile> RefusedFiles => refused.All;

    /// <summary>The next action for a configured host without a certificate.</summary>
    public NextAction? NextOfMissing(HostName host) => NextAction.OfMissing(book.Of(host), options.Value, time.GetUtcNow());
}
