using System.Net;
using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Proxying;

/// <summary>More WebSockets than there are source ports towards a gateway's address, in a network namespace that has 200 of them.</summary>
public sealed class SourcePortsTests
{
    const int Ports = 200, Asked = 250, GatewayPort = 9000, FirstPort = 50_000;
    const string Host = "gateway.test";

    static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Beyond_them_an_upgrade_is_502_and_what_is_open_goes_on()
    {
        await using var space = await NetworkNamespace.CreateAsync(FirstPort, FirstPort + Ports - 1);
        await using var gateway = await DemoGatewayProcess.StartAsync(GatewayPort, space);
        await using var edge = await EdgeProcess.StartAsync(Setup(space, "http://127.0.0.1:9000"));
        using var limit = new CancellationTokenSource(Patience);

        var (open, refused) = await OpenAsync(edge, space, limit.Token);

        Assert.Equal(Ports, open.Count);
        Assert.All(refused, answer => Assert.Contains("HTTP/1.1 502", answer, StringComparison.Ordinal));
        var full = await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_upstream_errors_total", ("error", "connect")) == Asked - Ports, Patience);
        Assert.Equal(Ports, full.Sum("imgw_upstream_ports_used", ("destination", "http://127.0.0.1:9000")));
        Assert.Equal(Ports, full.Sum("imgw_upstream_ports_limit"));
        Assert.Single(full.Values("imgw_upstream_ports_used", "destination"));
        await EchoAsync(open, limit.Token);

        // What the operator sees.
        var status = JsonNode.Parse(await (await edge.GetManagementAsync("/api/status")).Content.ReadAsStringAsync(limit.Token))!;
        var ports = status["upstreams"]![0]!["ports"]!;
        Assert.Equal((Ports, Ports), ((int)ports["used"]!, (int)ports["limit"]!));
        var doctor = await EdgeVerb.RunInAsync(space, "doctor", "--json", "--config", edge.ConfigFile);
        var finding = JsonNode.Parse(doctor.Output)!.AsArray().Single(finding => (string?)finding!["check"] == "source ports")!;
        Assert.Equal("warn", (string?)finding["status"]);
        Assert.Contains("200 of 200 source ports to http://127.0.0.1:9000/ are in use", (string?)finding["what"], StringComparison.Ordinal);
        Assert.Contains(edge.Log.Lines, line => line.Message.Contains("no source port is left", StringComparison.Ordinal));

        // Ports that are free again are used again: the process has come to no harm.
        foreach (var socket in open) await socket.DisposeAsync();
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_upstream_ports_used") == 0, Patience);
        Assert.DoesNotContain(edge.Log.Lines, line => line["@l"] is "Error" or "Fatal");
        Assert.Equal(0, await edge.StopAsync(Patience));
    }

    [Fact]
    public async Task Another_destination_has_ports_of_its_own()
    {
        await using var space = await NetworkNamespace.CreateAsync(FirstPort, FirstPort + Ports - 1);
        await using var gateway = await DemoGatewayProcess.StartAsync(GatewayPort, space);
        await using var edge = await EdgeProcess.StartAsync(Setup(space, "http://127.0.0.1:9000", "http://127.0.0.2:9000"));
        using var limit = new CancellationTokenSource(Patience);

        var (open, refused) = await OpenAsync(edge, space, limit.Token);

        Assert.Empty(refused);
        await EchoAsync(open, limit.Token);
        var metrics = await edge.GetMetricsAsync();
        // The kernel chooses a port for each pair of addresses: more than 200 in all show that nothing binds one first.
        Assert.Equal(Ports, metrics.Sum("imgw_upstream_ports_used", ("destination", "http://127.0.0.1:9000")));
        Assert.Equal(Asked - Ports, metrics.Sum("imgw_upstream_ports_used", ("destination", "http://127.0.0.2:9000")));
        Assert.Equal(Asked - Ports, metrics.Sum("imgw_upstream_errors_total", ("error", "connect")));
        foreach (var socket in open) await socket.DisposeAsync();
    }

    static EdgeSetup Setup(NetworkNamespace space, params string[] upstreams) => new()
    {
        Namespace = space,
        // Tried in the order they are listed.
        Json = $$"""
            {
              "Edge": { "Hosts": ["{{Host}}"], "Certificates": { "Source": "SelfSigned", "AllowSelfSigned": true } },
              "ReverseProxy": { "Clusters": { "gateway": { "LoadBalancingPolicy": "FirstAlphabetical" } } }
            }
            """,
        Settings = new Dictionary<string, JsonNode?>
        {
            ["Upstreams"] = new JsonArray([.. upstreams.Select(upstream => JsonValue.Create(upstream))]),
            // Outside of the range: a port that is listened on is none to connect from.
            ["Listen:Https"] = new JsonArray("0.0.0.0:8443"),
            ["Listen:Http"] = new JsonArray("0.0.0.0:8080"),
            ["Listen:Management"] = new JsonArray("127.0.0.1:9180"),
        },
    };

    /// <summary>Clients have no more ports than the edge: they come by four of its addresses.</summary>
    static async Task<(List<LeanWebSocket> Open, List<string> Refused)> OpenAsync(EdgeProcess edge, NetworkNamespace space, CancellationToken cancellationToken)
    {
        using var root = edge.DevelopmentRoot();
        var options = TlsWire.Options(Host, root);
        List<LeanWebSocket> open = [];
        List<string> refused = [];
        for (var i = 0; i < Asked; i++)
        {
            var server = new IPEndPoint(IPAddress.Parse($"127.0.0.{1 + (i % 4)}"), edge.HttpsPort);
            var wire = await TlsWire.ConnectAsync(await space.ConnectAsync(server, cancellationToken), options, cancellationToken);
            try
            {
                open.Add(await LeanWebSocket.OpenAsync(wire, Host, cancellationToken));
            }
            catch (IOException e)
            {
                refused.Add(e.Message);
                await wire.DisposeAsync();
            }
        }

        return (open, refused);
    }

    static async Task EchoAsync(List<LeanWebSocket> sockets, CancellationToken cancellationToken)
    {
        foreach (var socket in sockets)
        {
            await socket.SendAsync("still here", cancellationToken);
            Assert.Null(await socket.ReadFrameAsync(cancellationToken));
        }
    }
}
