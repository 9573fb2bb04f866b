using ImGateway.Acme;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Whether the CA has the profile of <c>Acme:Profile</c>, and which certificates were ordered without it.</summary>
static class Profiles
{
    const string Remedy = "correct Edge:Acme:Profile, or remove it";

    public static async Task<IReadOnlyList<Finding>> LookAsync(
        string check, EdgeOptions options, string ca, AcmeDirectory directory, TimeProvider time, CancellationToken cancellationToken)
    {
        if (options.Acme.Profile is not { } profile) return [];
        List<Finding> findings = [];
        var stored = await StoredAsync(options, time, cancellationToken);
        if (!directory.Profiles.ContainsKey(profile))
        {
            var offered = directory.Profiles.Count == 0 ? "no profiles" : $"the profiles {string.Join(", ", directory.Profiles.Keys)}";
            var what = OneLine.From($"{ca} has no profile {OneLine.Quote(profile)}; it has {offered}");
            // A host without a certificate has no profile to compare.
            findings.Add(options.Hosts.All(host => stored.Any(managed => managed.Host == host))
                ? new(check, FindingStatus.Warn, $"{what}; once a third of the time to renew has gone, certificates are ordered without it", Remedy)
                : new(check, FindingStatus.Fail, what, Remedy));
        }

        findings.AddRange(stored.Where(managed => managed.WithoutProfile == profile).Select(managed => new Finding(
            check, FindingStatus.Warn,
            OneLine.From($"{managed.Host}: certificate {managed.Credential.SerialNumber} was ordered without the profile {OneLine.Quote(profile)}, because {ca} no longer had it"), Remedy)));
        return findings;
    }

    static async Task<IReadOnlyList<ManagedCertificate>> StoredAsync(EdgeOptions options, TimeProvider time, CancellationToken cancellationToken)
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
