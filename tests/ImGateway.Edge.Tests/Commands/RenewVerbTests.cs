using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Commands;

/// <summary><c>cert renew</c> and <c>cert revoke</c> as processes, where there is nothing to renew by ACME.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class RenewVerbTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("renew", "--all")]
    [InlineData("renew", "gateway.test", "--force")]
    [InlineData("revoke", "gateway.test", "--reason", "superseded")]
    public async Task Where_no_edge_runs_it_is_one_line(params string[] verb)
    {
        var config = Setup().WriteTo(_directory.Path);

        var result = await EdgeVerb.RunAsync(["cert", .. verb, "--config", config]);

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Matches(@"^\S+/control\.sock: no edge runs with this DataDirectory, and [^\n]*; start it with 'imgw run'\n$", result.Error);
    }

    [Fact]
    public async Task A_certificate_that_is_not_by_ACME_is_refused_on_a_line_of_its_own_and_others_go_on()
    {
        await using var edge = await EdgeProcess.StartAsync(Setup());

        var renewed = await VerbAsync("renew", "gateway.test", "_.wild.test");
        var all = await VerbAsync("renew", "--all", "--force");
        var revoked = await VerbAsync("revoke", "*.wild.test", "--reason", "KEYCOMPROMISE");
        var unknown = await VerbAsync("renew", "gateway.test", "gatewy.test");

        Assert.All([renewed, all, revoked, unknown], result => Assert.Equal(1, result.ExitCode));
        Assert.All([renewed, all], result =>
            Assert.Equal(["*.wild.test", "gateway.test"], result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(": ")[0]).Order(StringComparer.Ordinal)));
        Assert.Matches(@"^\*\.wild\.test: [^\n]+\n$", revoked.Error);
        Assert.Equal(("", "'gatewy.test' is no managed certificate; there are: gateway.test, _.wild.test\n"), (unknown.Output, unknown.Error));

        Task<ToolResult> VerbAsync(params string[] verb) => EdgeVerb.RunAsync(["cert", .. verb, "--config", edge.ConfigFile]);
    }

    EdgeSetup Setup() => new()
    {
        Hosts = ["gateway.test", "*.wild.test"],
        Settings = new Dictionary<string, JsonNode?> { ["DataDirectory"] = _directory["data"] },
    };
}
