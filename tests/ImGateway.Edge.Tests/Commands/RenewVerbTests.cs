using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Commands;

/// <summary><c>cert renew</c> and <c>cert revoke</c> as processes.</summary>
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
        Assert.Matches(@"^\S+/control\.sock: no edge runs [^\n]*: imgw run --config \S+\n$", result.Error);
    }

    [Fact]
    public async Task Each_host_has_lines_of_its_own_and_one_failure_is_a_no()
    {
        await using var edge = await EdgeProcess.StartAsync(Setup());

        var notDue = await VerbAsync("renew", "gateway.test", "_.wild.test", "GATEWAY.test");
        var forced = await VerbAsync("renew", "--all", "--force");
        var staging = await VerbAsync("renew", "gateway.test", "--staging");
        var revoked = await VerbAsync("revoke", "*.wild.test", "--reason", "KEYCOMPROMISE");
        var unknown = await VerbAsync("renew", "gateway.test", "gatewy.test");

        Assert.All([notDue, forced], result =>
        {
            Assert.Equal((0, ""), (result.ExitCode, result.Error));
            Assert.Equal(["*.wild.test", "gateway.test"], result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(": ")[0]).Order(StringComparer.Ordinal));
        });
        Assert.Contains("gateway.test: is not due; --force renews it now\n", notDue.Output);
        Assert.All([staging, revoked, unknown], result => Assert.Equal((1, ""), (result.ExitCode, result.Output)));
        Assert.Matches(@"^gateway\.test: [^\n]+; leave out --staging\n$", staging.Error);
        Assert.Matches(@"^\*\.wild\.test: [^\n]+ cannot be revoked; [^\n]+\n$", revoked.Error);
        Assert.Single(unknown.Error.TrimEnd().Split('\n')).AssertSays("'gatewy.test'", ": gateway.test, _.wild.test");

        var audit = await EdgeVerb.RunAsync("audit", "--name", "gateway.test", "--since", "1h", "--config", edge.ConfigFile);
        Assert.Matches(@"(?m)^\S+ \S+Z +gateway\.test +renewed +manual +uid \d+ ", audit.Output);

        Task<ToolResult> VerbAsync(params string[] verb) => EdgeVerb.RunAsync(["cert", .. verb, "--config", edge.ConfigFile]);
    }

    [Fact]
    public async Task Certificates_from_files_are_left_to_the_program_that_writes_the_files()
    {
        using var ca = TestCa.Create("Renew Root");
        using var certificate = ca.Issue("gateway.test");
        await using var edge = await EdgeProcess.StartAsync(Setup() with { Hosts = ["gateway.test"], Files = [certificate.WriteTo(_directory.Path, "file")] });

        var all = await EdgeVerb.RunAsync("cert", "renew", "--all", "--config", edge.ConfigFile);
        var one = await EdgeVerb.RunAsync("cert", "renew", "gateway.test", "--config", edge.ConfigFile);

        Assert.All([all, one], result => Assert.Equal((1, ""), (result.ExitCode, result.Output)));
        Assert.StartsWith("every certificate comes from a file; ", all.Error);
        Assert.Matches("^gateway.test: is served from [^\n]+; replace that file, [^\n]+\n$", one.Error);
    }

    EdgeSetup Setup() => new()
    {
        Hosts = ["gateway.test", "*.wild.test"],
        Settings = new Dictionary<string, JsonNode?> { ["DataDirectory"] = _directory["data"] },
    };
}
