using System.Text.Json;
using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Scenarios.Acme;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations.Doctor;

/// <summary>A preferred chain whose root the clients may lack, with the roots of this machine in their place.</summary>
public sealed class PreferredRootTests : IDisposable
{
    const string Host = "gateway.test";
    const string Preferred = "Scriptable CA other root";

    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_chain_by_preference_that_ends_in_an_unknown_root_is_a_warning_with_the_host_and_the_root()
    {
        using var stranger = TestCa.Create("Another root");
        await using var edge = await CaEdge.StartAsync(new ScriptableCaOptions { RetryAfter = TimeSpan.Zero }, Setup(Preferred));

        var warned = await LookAsync(edge.Config, stranger.Pem);

        Assert.Equal("warn", Text(warned, "status"));
        Text(warned, "what").AssertSays($"{Host}: ", $"'{Preferred}'", "1 roots of this machine");
        Assert.Contains("Edge:Acme:PreferredChain", Text(warned, "remedy"), StringComparison.Ordinal);
        Assert.Contains($"imgw cert renew {Host} --force", Text(warned, "remedy"), StringComparison.Ordinal);

        // The root that it ends in, and one on the way there, which clients may end at as well.
        foreach (var root in (string[])[edge.Ca.AlternateRoot.ExportCertificatePem(), edge.Ca.IssuingRoot.ExportCertificatePem()])
        {
            Assert.Equal("ok", Text(await LookAsync(edge.Config, $"{stranger.Pem}\n{root}\n"), "status"));
        }
    }

    [Theory]
    [InlineData("Another root", "warn")]
    [InlineData(Preferred, "ok")]
    public async Task Before_there_is_a_certificate_the_name_decides(string known, string status)
    {
        using var root = TestCa.Create(known);
        await using var ca = await ScriptableCa.StartAsync();

        var found = await LookAsync((Setup(Preferred) with { Ca = EdgeCa.Of(ca) }).WriteTo(_directory.Path), root.Pem);

        Assert.Equal(status, Text(found, "status"));
        Assert.Contains($"'{Preferred}'", Text(found, "what"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_machine_without_roots_has_nothing_to_compare_with()
    {
        await using var ca = await ScriptableCa.StartAsync();

        var found = await LookAsync((Setup(Preferred) with { Ca = EdgeCa.Of(ca) }).WriteTo(_directory.Path), "");

        Assert.Equal("warn", Text(found, "status"));
        Assert.Contains("ca-certificates", Text(found, "remedy"), StringComparison.Ordinal);
    }

    static EdgeSetup Setup(string preferred) => new() { Hosts = [Host], Settings = new Dictionary<string, JsonNode?> { ["Acme:PreferredChain"] = preferred } };

    async Task<JsonElement> LookAsync(string config, string roots)
    {
        await File.WriteAllTextAsync(_directory["machine.pem"], roots, TestContext.Current.CancellationToken);
        var run = await EdgeVerb.RunTrustingAsync(_directory["machine.pem"], "doctor", "--json", "--config", config);
        return Assert.Single(JsonElement.Parse(run.Output).EnumerateArray(), finding => Text(finding, "check") == "preferred chain");
    }

    static string? Text(JsonElement finding, string name) => finding.GetProperty(name).GetString();
}
