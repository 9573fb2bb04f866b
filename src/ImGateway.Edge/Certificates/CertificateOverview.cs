using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Stapling;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

/// <summary>The certificates of the configured hosts and their next actions, for the status page and verbs.</summary>
sealed class CertificateOverview(
    CurrentCertificateOptions options, CertificateInstaller installer, RenewalStates renewalStates, RefusedFiles refused, OcspStates ocsp, TimeProvider time)
{
    /// <summary>One entry for each configured host that has a certificate, in configuration order.</summary>
    public IReadOnlyList<OverviewEntry> Certificates =>
    [
        .. OverviewEntry.ListOf(installer.Served, renewalStates.Of, options.Value, time)
            .Select(entry => entry with { Ocsp = ocsp.Of(entry.Host) }),
    ];

    /// <summary>Certificate files that were refused and have not been corrected yet. A snapshot: the list is never changed in place.</summary>
    public IReadOnlyList<RefusedFile> RefusedFiles => refused.All;

    /// <summary>The next action for a configured host without a certificate.</summary>
    public NextAction? NextOfMissing(HostName host) => NextAction.OfMissing(renewalStates.Of(host), options.Value, time.GetUtcNow());
}
