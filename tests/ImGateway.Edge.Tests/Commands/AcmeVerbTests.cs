using System.Runtime.Versioning;
using System.Text.Json;
using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Commands;

/// <summary>The verbs about ACME as processes, against an edge whose certificates come from pebble.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class AcmeVerbTests : IDisposable
{
    const string Host = "gateway.test";

    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Renewal_and_revocation_are_followed_to_their_end_and_recorded()
    {
        await using var pebble = await Pebble.StartAsync();
        await using var edge = await EdgeProcess.StartAsync(Setup(pebble));
        var first = await SerialAsync(edge);

        var notDue = await VerbAsync(edge, "cert", "renew", Host);
        var renewed = await VerbAsync(edge, "cert", "renew", Host, "--force");
        var second = await SerialAsync(edge);
        var revoked = await VerbAsync(edge, "cert", "revoke", Host, "--reason", "keyCompromise");
        var third = await SerialAsync(edge);
        var staging = await VerbAsync(edge, "cert", "renew", "--all", "--staging");

        Assert.All([notDue, renewed, revoked], result => Assert.Equal((0, ""), (result.ExitCode, result.Error)));
        Assert.Contains("--force", notDue.Output);
        Assert.All([renewed, revoked], result =>
        {
            var lines = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.True(lines.Length > 1, result.Output);
            Assert.All(lines, line => Assert.StartsWith($"{Host}: ", line, StringComparison.Ordinal));
        });
        Assert.Equal(3, new[] { first, second, third }.Distinct().Count());
        Assert.Equal((1, ""), (staging.ExitCode, staging.Output));
        Assert.Contains("no staging directory", staging.Error);

        var audit = JsonElement.Parse((await VerbAsync(edge, "audit", "--name", Host, "--json")).Output).EnumerateArray().ToList();
        Assert.Contains(audit, entry => entry.TryGetProperty("newSerial", out var serial) && serial.GetString() == second && entry.GetProperty("why").GetString() == "manual");
        Assert.Contains(audit, entry => entry.GetProperty("action").GetString() == "revoked");
    }

    [Fact]
    public async Task Doctor_asks_the_CA_its_clock_and_the_port_that_it_validates_by()
    {
        await using var pebble = await Pebble.StartAsync();
        await using var edge = await EdgeProcess.StartAsync(Setup(pebble));

        var findings = JsonElement.Parse((await VerbAsync(edge, "doctor", "--json")).Output).EnumerateArray()
            .Select(finding => (Check: finding.GetProperty("check").GetString()!, Status: finding.GetProperty("status").GetString()!, What: finding.GetProperty("what").GetString()!))
            .ToList();

        Assert.Contains(findings, finding => finding is ("ca", "ok", var what) && what.StartsWith($"{pebble.Directory} answers; its terms: ", StringComparison.Ordinal));
        Assert.Contains(findings, finding => finding is ("clock", "ok", _));
        Assert.Contains(findings, finding => finding is ("http-01", "warn", var what) && what.Contains("port 80"));
        Assert.Contains(findings, finding => finding is ("http-01", "ok", var what) && what.StartsWith($"127.0.0.1:{pebble.HttpPort} answers", StringComparison.Ordinal));
        Assert.Contains(findings, finding => finding is ("listen", "ok", var what) && what.Contains($"127.0.0.1:{pebble.HttpPort}: taken, and an edge runs"));
    }

    EdgeSetup Setup(Pebble pebble)
    {
        File.WriteAllText(_directory["roots.pem"], pebble.HttpsRootPem);
        return new EdgeSetup
        {
            Hosts = [Host],
            Settings = new Dictionary<string, JsonNode?>
            {
                ["Listen:Http"] = new JsonArray($"127.0.0.1:{pebble.HttpPort}"),
                ["Certificates:Source"] = "Acme",
                ["Acme:Directory"] = pebble.Directory.AbsoluteUri,
                ["Acme:TrustedRootsFile"] = _directory["roots.pem"],
                ["Acme:AcceptTermsOfService"] = true,
                ["Acme:Challenges"] = new JsonArray("http-01"),
            },
        };
    }

    static Task<ToolResult> VerbAsync(EdgeProcess edge, params string[] verb) => EdgeVerb.RunAsync([.. verb, "--config", edge.ConfigFile]);

    static async Task<string> SerialAsync(EdgeProcess edge) =>
        JsonElement.Parse((await VerbAsync(edge, "cert", "show", Host, "--json")).Output).GetProperty("serialNumber").GetString()!;
}
