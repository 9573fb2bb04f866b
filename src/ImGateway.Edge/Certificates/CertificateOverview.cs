using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Stapling;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

/// <summary>What the configured hosts have and what comes next, for status pages and verbs.</summary>
sealed class CertificateOverview(
    CertificateConfiguration options, CertificateInstaller installer, RenewalBook book, RefusedFiles refused, OcspStates ocsp, TimeProvider time)
{
    /// <summary>Of each configured host that has one, in the configuration's order.</summary>
    public IReadOnlyList<ManagedCertificate> Certificates =>
    [
        .. ManagedCertificates.Of(installer.Served, (host, _) => book.Of(host), options.Value, time)
            .Select(managed => managed with { Ocsp = ocsp.Of(managed.Host) }),
    ];

    /// <summary>Certificate files that are not in use, until they are mended; replaced as a whole.</summary>
    public IReadOnlyList<RefusedFile> RefusedFiles => refused.All;

    /// <summary>What comes next to a configured host that has none.</summary>
    public NextAction? NextOfMissing(HostName host) => NextActions.OfMissing(book.Of(host), options.Value, time.GetUtcNow());
}
