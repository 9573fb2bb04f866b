using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text.Json;
using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Operations.Doctor;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Commands;

[UnsupportedOSPlatform("windows")]
public sealed class DoctorVerbTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_sound_edge_that_runs_has_no_failures()
    {
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await EdgeProcess.StartAsync(Setup() with { Upstream = upstream.Address, Hosts = ["localhost", "127.0.0.1"] });

        var people = await EdgeVerb.RunAsync("doctor", "--config", edge.ConfigFile);
        var scripts = await EdgeVerb.RunAsync("doctor", "--json", "--config", edge.ConfigFile);

        Assert.Equal((0, ""), (people.ExitCode, people.Error));
        Assert.Matches("(?m)^ok +edge +runs and is ready$", people.Output);
        var findings = JsonElement.Parse(scripts.Output).EnumerateArray().ToList();
        Assert.All(
            ["configuration", "edge", "listen", "dns", "caa", "upstream", "data directory", "openssl", "engine", "policy", "file descriptors"],
            check => Assert.Contains(findings, finding => finding.GetProperty("check").GetString() == check));
        Assert.All(findings, finding =>
        {
            Assert.Matches("^(ok|warn)$", finding.GetProperty("status").GetString());
            Assert.NotEmpty(finding.GetProperty("what").GetString()!);
            Assert.Equal(finding.GetProperty("status").GetString() != "ok", finding.TryGetProperty("remedy", out _));
        });
        Assert.Contains(findings, finding => finding.GetProperty("check").GetString() == "policy" && finding.GetProperty("status").GetString() == "ok");
    }

    [Fact]
    public async Task Taken_ports_and_a_gateway_that_is_down_fail_with_a_remedy()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var setup = Setup() with
        {
            Hosts = ["localhost"],
            Upstream = new Uri("http://127.0.0.1:1"),
            Settings = new Dictionary<string, JsonNode?> { ["Listen:Https"] = new JsonArray(taken.LocalEndpoint.ToString()), ["OutgoingProxy"] = "127.0.0.1:1" },
        };

        var (exitCode, findings) = await DoctorRun.OfAsync(setup.WriteTo(_directory.Path));

        Assert.Equal(1, exitCode);
        Assert.Contains(findings, finding => finding is ("listen", "fail", var what, var remedy) && what.Contains("taken by another program") && remedy.Contains("ss -ltnp"));
        Assert.Contains(findings, finding => finding is ("upstream", "fail", _, var remedy) && remedy.Contains("Edge:Upstreams"));
        // No certificate depends on it here.
        Assert.Contains(findings, finding => finding is ("outgoing proxy", "warn", "http://127.0.0.1:1 cannot be reached (Connection refused)", "start it, or correct Edge:OutgoingProxy"));
        Assert.Contains(findings, finding => finding is ("edge", "ok", "none runs with this DataDirectory", ""));
    }

    [Fact]
    public async Task A_broken_configuration_fails_by_each_of_its_problems()
    {
        var config = _directory["broken.json"];
        await File.WriteAllTextAsync(config, """{"Edge":{"Hosts":["im.example.com"],"Upstreams":["https://a"]}}""");

        var (exitCode, findings) = await DoctorRun.OfAsync(config);

        Assert.Equal(1, exitCode);
        Assert.Equal(2, findings.Count);
        Assert.All(findings, finding => Assert.Equal(("configuration", "fail"), (finding.Check, finding.Status)));
    }

    [Fact]
    public async Task A_CA_out_of_reach_fails_and_the_name_server_of_the_system_is_asked_for_CAA()
    {
        await using var dns = DnsServer.With(new() { ["corp.test"] = [DnsServer.Caa(0, "issue", "other.example")] });

        var (exitCode, findings) = await DoctorRun.OfAsync(Acme("https://127.0.0.1:1/directory", "im.corp.test").WriteTo(_directory.Path), dns.ResolverFile);

        Assert.Equal(1, exitCode);
        Assert.Contains(findings, finding => finding is ("ca", "fail", _, var remedy) && remedy.Contains("Edge:Acme:TrustedRootsFile"));
        Assert.Contains(findings, finding => finding is ("clock", "warn", _, _));
        Assert.Contains(findings, finding => finding is ("dns", "fail", var what, _) && what.StartsWith("im.corp.test: has no address"));
        Assert.Contains(findings, finding => finding is ("caa", "warn", var what, _) && what.StartsWith("im.corp.test: corp.test lets issue other.example"));
    }

    EdgeSetup Setup() => new() { Settings = new Dictionary<string, JsonNode?> { ["DataDirectory"] = _directory["data"] } };

    EdgeSetup Acme(string directory, params string[] hosts) => Setup() with
    {
        Hosts = hosts,
        Settings = new Dictionary<string, JsonNode?>
        {
            ["DataDirectory"] = _directory["data"], ["Certificates:Source"] = "Acme", ["Acme:Directory"] = directory, ["Acme:AcceptTermsOfService"] = true,
        },
    };
}
