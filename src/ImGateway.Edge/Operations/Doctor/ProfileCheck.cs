using ImGateway.Acme;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Whether the CA has the profile of <c>Acme:Profile</c>, and which certificates were ordered without it.</summary>
static class ProfileCheck
{
    const string Remedy = "correct Edge:Acme:Profile, or remove it";

    public static async Task<IReadOnlyList<Finding>> CheckAsync(
        string check, EdgeOptions options, string ca, AcmeDirectory directory, TimeProvider time, CancellationToken cancellationToken)
    {
        if (options.Acme.Profile is not { } profile) return [];
        List<Finding> findings = [];
        var stored = await StoredAsync(options, time, cancellationToken);
        if (!directory.Profiles.ContainsKey(profile))
        {
            var offered = directory.Profiles.Count == 0 ? "no profiles" : $"the profiles {string.Join(", ", directory.Profiles.Keys)}";
            var what = SingleLine.Escape($"{ca} has no profile {SingleLine.Quote(profile)}; it has {offered}");
            // A host without a certificate has no profile to compare.
            findings.Add(options.Hosts.All(host => stored.Any(entry => entry.Host == host))
                ? new(check, FindingStatus.Warn, $"{what}; once a third of the time to renew has gone, certificates are ordered without it", Remedy)
                : new(check, FindingStatus.Fail, what, Remedy));
        }

        findings.AddRange(stored.Where(entry => entry.WithoutProfile == profile).Select(entry => new Finding(
            check, FindingStatus.Warn,
            SingleLine.Escape($"{entry.Host}: certificate {entry.Credential.SerialNumber} was ordered without the profile {SingleLine.Quote(profile)}, because {ca} no longer had it"), Remedy)));
        return findings;
    }

    static async Task<IReadOnlyList<OverviewEntry>> StoredAsync(EdgeOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            return await new OfflineCertificates(options, time, NullLoggerFactory.Instance).ReadAsync(cancellationToken);
        }
        catch (CertificateLoadException)
        {
            // The check of the data directory reports this error.
            return [];
        }
    }
}
