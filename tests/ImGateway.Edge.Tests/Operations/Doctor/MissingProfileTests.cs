using System.Text.Json.Nodes;
using ImGateway.Acme;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Operations.Doctor;
using ImGateway.Edge.Tests.Scenarios.Acme;
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
        await using var edge = await StartAsync();
        Assert.DoesNotContain(await LookAsync(edge, hosts), finding => finding.Status != FindingStatus.Ok);
        edge.Ca.DropProfiles();

        var found = Assert.Single(await LookAsync(edge, hosts), finding => finding.Status != FindingStatus.Ok);

        Assert.Equal(expected, found.Status);
        Assert.Contains("has no profile 'short'; it has no profiles", found.What, StringComparison.Ordinal);
        Assert.Contains(words, found.What, StringComparison.Ordinal);
        found.Remedy.AssertSays("Edge:Acme:Profile");
    }

    [Fact]
    public async Task A_certificate_that_was_ordered_without_it_is_a_warning_also_where_the_CA_lists_it()
    {
        await using var edge = await StartAsync();
        edge.Ca.Fail(CaOperation.NewOrder, CaFault.Problem("invalidProfile", 400));
        var revoked = await edge.RevokeAsync(Host, RevocationReason.Superseded);
        Assert.True(revoked.Succeeded, revoked.Message);

        var found = Assert.Single(await LookAsync(edge, Host), finding => finding.Status != FindingStatus.Ok);

        Assert.Equal(FindingStatus.Warn, found.Status);
        found.What.AssertSays($"{Host}: certificate {revoked.SerialNumber} ", "without the profile 'short'");
        found.Remedy.AssertSays("Edge:Acme:Profile");

        Assert.True((await edge.RenewAsync(Host)).Succeeded);
        Assert.DoesNotContain(await LookAsync(edge, Host), finding => finding.Status != FindingStatus.Ok);
    }

    static Task<CaEdge> StartAsync() => CaEdge.StartAsync(
        new ScriptableCaOptions { RetryAfter = TimeSpan.Zero, Profiles = new Dictionary<string, CaProfile> { ["short"] = new("short", TimeSpan.FromDays(6)) } },
        new EdgeSetup { Hosts = [Host], Settings = new Dictionary<string, JsonNode?> { ["Acme:Profile"] = "short" } });

    static async Task<IEnumerable<Finding>> LookAsync(CaEdge edge, params string[] hosts)
    {
        var options = new EdgeOptions
        {
            DataDirectory = edge.Data,
            Hosts = [.. hosts.Select(HostName.Parse)],
            Certificates = new CertificatesSection { Source = CertificateSource.Acme },
            Acme = new AcmeSection { Directory = edge.Ca.Directory.AbsoluteUri, TrustedRootsFile = Path.Combine(edge.Data, "..", "ca-roots.pem"), Profile = "short" },
        };
        await using var directory = CaDirectory.Of(options, TimeProvider.System)!;
        return await directory.CheckAsync(options, TestContext.Current.CancellationToken);
    }
}
