using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Configuration;
using ImGateway.Edge.Tests.Proxying;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.RealTime;

/// <summary>The edge with the routes of docs/upstreams.md, on a port that stays the same when it is started again.</summary>
static class RealTimeEdge
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    public static EdgeSetup Setup(TlsFixture tls, IReadOnlyList<Uri> upstreams, string[] examples, params (string Key, JsonNode? Value)[] settings)
    {
        var json = Settings.Merged("""{"Edge":{"Hosts":["localhost","127.0.0.1","gateway.test"],"Certificates":{"Source":"Files"}}}""", UpstreamsPage.Example("/socket.io"));
        foreach (var example in examples) json = Settings.Merged(json, UpstreamsPage.Example(example));
        return tls.Setup(TestedEngines.Default, TlsFixture.Gateway) with
        {
            Json = json,
            Settings = new Dictionary<string, JsonNode?>(settings.Select(setting => KeyValuePair.Create(setting.Key, setting.Value)))
            {
                ["Upstreams"] = new JsonArray([.. upstreams.Select(upstream => (JsonNode)upstream.GetLeftPart(UriPartial.Authority))]),
                ["Listen:Https"] = new JsonArray($"127.0.0.1:{FreePort.Next()}"),
            },
        };
    }

    /// <summary>Requests go to one upstream after the other, so that the second one of a session goes elsewhere unless clients stick to one.</summary>
    public static EdgeSetup InTurns(TlsFixture tls, IReadOnlyList<Uri> upstreams, params string[] examples)
    {
        var setup = Setup(tls, upstreams, examples);
        return setup with { Json = Settings.Merged(setup.Json!, """{"ReverseProxy":{"Clusters":{"gateway":{"LoadBalancingPolicy":"RoundRobin"}}}}""") };
    }

    /// <summary>A line that begins so, among those after the first <paramref name="from"/>.</summary>
    public static async Task<string> LineAsync(this ExternalProcess client, string beginning, int from = 0) =>
        (await client.Log.WaitForAsync(line => line.Text.StartsWith(beginning, StringComparison.Ordinal), Patience, from)).Text;
}
