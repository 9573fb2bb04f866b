using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.RealTime;

/// <summary>Socket.IO through the edge: socket.io and socket.io-client of npm, by the routes of docs/upstreams.md.</summary>
public sealed class SocketIoTests(TlsFixture tls)
{
    [Theory]
    [InlineData("polling", "polling")]
    [InlineData("websocket", "websocket")]
    [InlineData("polling,websocket", "websocket")]
    public async Task Each_transport_works_and_comes_back_after_a_restart_of_the_gateway(string transports, string last)
    {
        var port = FreePort.Next();
        await using var gateway = await NodeClient.ServeAsync("socketio-gateway.cjs", port);
        var setup = RealTimeEdge.Setup(tls, [new Uri($"http://127.0.0.1:{port}")], []);
        await using var edge = await EdgeProcess.StartAsync(setup);
        await using var client = await ClientAsync(edge, transports);
        await client.LineAsync($"{last}: hello from {port}");

        await gateway.KillAsync();
        await client.LineAsync("disconnected: transport ");
        var from = client.Log.Lines.Count;
        await using var again = await NodeClient.ServeAsync("socketio-gateway.cjs", port);

        await client.LineAsync($"{last}: hello from {port}", from);
    }

    [Fact]
    public async Task Without_its_route_for_WebSockets_it_stays_with_polling()
    {
        var port = FreePort.Next();
        await using var gateway = await NodeClient.ServeAsync("socketio-gateway.cjs", port);
        await using var edge = await EdgeProcess.StartAsync(RealTimeEdge.Setup(tls, [new Uri($"http://127.0.0.1:{port}")], [], ("WebSockets:Routes", new JsonArray("/ws"))));
        await using var client = await ClientAsync(edge, "polling,websocket");

        await client.LineAsync($"polling: hello from {port}");
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_refused_total", ("reason", "upgrade")) == 1, RealTimeEdge.Patience);
        Assert.Single(client.Log.Lines);
    }

    [Fact]
    public async Task Polls_to_several_gateways_need_clients_to_stick_to_one()
    {
        var (one, two) = (FreePort.Next(), FreePort.Next());
        await using var first = await NodeClient.ServeAsync("socketio-gateway.cjs", one);
        await using var second = await NodeClient.ServeAsync("socketio-gateway.cjs", two);
        Uri[] upstreams = [new($"http://127.0.0.1:{one}"), new($"http://127.0.0.1:{two}")];

        // Round robin, so that the second request of a session goes to the other upstream.
        await using (var edge = await EdgeProcess.StartAsync(RealTimeEdge.InTurns(tls, upstreams)))
        {
            await using var client = await ClientAsync(edge, "polling");
            Assert.Contains("Session ID unknown", await client.LineAsync("refused: xhr poll error 400"), StringComparison.Ordinal);
        }

        await using (var edge = await EdgeProcess.StartAsync(RealTimeEdge.InTurns(tls, upstreams, "SessionAffinity")))
        {
            await using var client = await ClientAsync(edge, "polling");
            await client.LineAsync("polling: hello from ");
            Assert.DoesNotContain(client.Log.Lines, line => line.Text.StartsWith("refused", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_drain_closes_by_1012_and_ends_polls_and_clients_come_back()
    {
        var port = FreePort.Next();
        await using var gateway = await NodeClient.ServeAsync("socketio-gateway.cjs", port);
        var setup = RealTimeEdge.Setup(tls, [new Uri($"http://127.0.0.1:{port}")], [], ("Drain:Timeout", "00:00:03"));
        await using var before = await EdgeProcess.StartAsync(setup);
        await using var socket = await ClientAsync(before, "websocket");
        await using var polls = await ClientAsync(before, "polling");
        await socket.LineAsync("websocket: hello from ");
        await polls.LineAsync("polling: hello from ");

        Assert.Equal(0, await before.StopAsync(RealTimeEdge.Patience));
        Assert.Equal("disconnected: transport close 1012", await socket.LineAsync("disconnected"));
        await polls.LineAsync("disconnected: transport ");
        var (fromSocket, fromPolls) = (socket.Log.Lines.Count, polls.Log.Lines.Count);
        await using var after = await EdgeProcess.StartAsync(setup);

        await socket.LineAsync("websocket: hello from ", fromSocket);
        await polls.LineAsync("polling: hello from ", fromPolls);
    }

    Task<ExternalProcess> ClientAsync(EdgeProcess edge, string transports) =>
        NodeClient.StartAsync(tls.RootFile, "socketio-client.cjs", $"https://localhost:{edge.HttpsPort}", transports);
}
