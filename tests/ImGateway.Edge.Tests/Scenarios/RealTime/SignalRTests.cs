using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.RealTime;

/// <summary>SignalR through the edge: a hub of ASP.NET Core and @microsoft/signalr of npm, by the routes of docs/upstreams.md.</summary>
public sealed class SignalRTests(TlsFixture tls)
{
    public static TheoryData<string> Transports => ["WebSockets", "ServerSentEvents", "LongPolling"];

    [Theory, MemberData(nameof(Transports))]
    public async Task Each_transport_works_and_comes_back_after_a_restart_of_the_gateway(string transport)
    {
        var port = FreePort.Next();
        await using var gateway = await ChatGateway.StartAsync(port);
        await using var edge = await EdgeProcess.StartAsync(RealTimeEdge.Setup(tls, [gateway.Address], []));
        await using var client = await ClientAsync(edge, transport);
        await client.LineAsync("news: hello");
        await client.LineAsync($"{transport}: hello from {port}");

        await gateway.DisposeAsync();
        await client.LineAsync("disconnected");
        var from = client.Log.Lines.Count;
        await using var again = await ChatGateway.StartAsync(port);

        await client.LineAsync($"{transport}: hello from {port}", from);
    }

    [Fact]
    public async Task Without_its_route_for_WebSockets_it_falls_back_to_another_transport()
    {
        await using var gateway = await ChatGateway.StartAsync(FreePort.Next());
        await using var edge = await EdgeProcess.StartAsync(RealTimeEdge.Setup(tls, [gateway.Address], [], ("WebSockets:Routes", new JsonArray("/ws"))));
        await using var client = await ClientAsync(edge, "None");

        await client.LineAsync("None: hello from ");
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_refused_total", ("reason", "upgrade")) == 1, RealTimeEdge.Patience);
    }

    [Fact]
    public async Task WebSockets_without_negotiation_need_no_sticking_and_other_transports_do()
    {
        await using var first = await ChatGateway.StartAsync(FreePort.Next());
        await using var second = await ChatGateway.StartAsync(FreePort.Next());
        Uri[] upstreams = [first.Address, second.Address];

        await using (var edge = await EdgeProcess.StartAsync(RealTimeEdge.InTurns(tls, upstreams)))
        {
            await using var polls = await ClientAsync(edge, "LongPolling");
            Assert.Contains("404", await polls.LineAsync("refused: "), StringComparison.Ordinal);
            await using var socket = await ClientAsync(edge, "WebSockets", "skip");
            await socket.LineAsync("WebSockets: hello from ");
        }

        await using (var edge = await EdgeProcess.StartAsync(RealTimeEdge.InTurns(tls, upstreams, "SessionAffinity")))
        {
            foreach (var transport in Transports)
            {
                await using var client = await ClientAsync(edge, transport.Data);
                await client.LineAsync($"{transport.Data}: hello from ");
            }
        }
    }

    [Fact]
    public async Task A_drain_ends_every_transport_and_clients_come_back()
    {
        await using var gateway = await ChatGateway.StartAsync(FreePort.Next());
        var setup = RealTimeEdge.Setup(tls, [gateway.Address], [], ("Drain:Timeout", "00:00:03"));
        await using var before = await EdgeProcess.StartAsync(setup);
        await using var socket = await ClientAsync(before, "WebSockets");
        await using var events = await ClientAsync(before, "ServerSentEvents");
        await using var polls = await ClientAsync(before, "LongPolling");
        ExternalProcess[] all = [socket, events, polls];
        foreach (var client in all) await client.LineAsync("news: hello");

        Assert.Equal(0, await before.StopAsync(RealTimeEdge.Patience));
        Assert.Contains("1012", await socket.LineAsync("disconnected: "), StringComparison.Ordinal);
        foreach (var client in all) await client.LineAsync("disconnected");
        var from = all.Select(client => client.Log.Lines.Count).ToList();
        await using var after = await EdgeProcess.StartAsync(setup);

        for (var i = 0; i < all.Length; i++) await all[i].LineAsync("news: hello", from[i]);
    }

    Task<ExternalProcess> ClientAsync(EdgeProcess edge, params string[] transport) =>
        NodeClient.StartAsync(tls.RootFile, "signalr-client.cjs", [$"https://localhost:{edge.HttpsPort}/hubs/chat", .. transport]);
}
