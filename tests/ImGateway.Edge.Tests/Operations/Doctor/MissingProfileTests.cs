using System.Text.Json.Nodes;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Operations.Doctor;
using ImGateway.Edge.Tests.Acme;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations.Doctor;

public sealed class MissingProfileTests
{
    const string Host = "gateway.test";

    [Theory]
    [InlineData(new[] { Host }, FindingStatus.Warn, "certificates are ordered without it")]
    [InlineData(new[] { Host, "other.test" }, FindingStatus.Fail, "it has no profiles")]
    internal async Task A_profile_that_the_CA_no_longer_has_fails_only_where_a_host_has_no_certificate(string[] hosts, FindingStatus expected, string words)
    {
        await using var edge = await CaEdge.StartAsync(
            new ScriptableCaOptions { RetryAfter = TimeSpan.Zero, Profiles = new Dictionary<string, CaProfile> { ["short"] = new("short", TimeSpan.FromDays(6)) } },
            new EdgeSetup { Hosts = [Host], Settings = new Dictionary<string, JsonNode?> { ["Acme:Profile"] = "short" } });
        var options = new EdgeOptions
        {
            DataDirectory = edge.Data,
            Hosts = [.. hosts.Select(HostName.Parse)],
            Certificates = new CertificatesSection { Source = CertificateSource.Acme },
            Acme = new AcmeSection { Directory = edge.Ca.Directory.AbsoluteUri, TrustedRootsFile = Path.Combine(edge.Data, "..", "ca-roots.pem"), Profile = "short" },
        };
        Assert.DoesNotContain(await LookAsync(), finding => finding.Status != FindingStatus.Ok);
        edge.Ca.DropProfiles();

        var found = Assert.Single(await LookAsync(), finding => finding.Status != FindingStatus.Ok);

        Assert.Equal(expected, found.Status);
        Assert.Contains("has no profile 'short'; it has no profiles", found.What, StringComparison.Ordinal);
        Assert.Contains(words, found.What, StringComparison.Ordinal);
        Assert.Equal("correct Edge:Acme:Profile, or remove it", found.Remedy);

        async Task<IEnumerable<Finding>> LookAsync()
        {
            await using var directory = CaDirectory.Of(options, TimeProvider.System)!;
            return await directory.LookAsync(options, TestContext.Current.CancellationToken);
        }
    }
}
