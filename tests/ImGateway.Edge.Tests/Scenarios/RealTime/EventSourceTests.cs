using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.RealTime;

/// <summary>Server-sent events and long polls through the edge: EventSource of npm and the fetch of Node.</summary>
public sealed class EventSourceTests(TlsFixture tls)
{
    [Fact]
    public async Task An_EventSource_goes_on_after_a_restart_of_a_gateway_that_is_waited_for()
    {
        var port = FreePort.Next();
        await using var gateway = await ChatGateway.StartAsync(port);
        await using var edge = await EdgeProcess.StartAsync(RealTimeEdge.Setup(tls, [gateway.Address], ["HoldWhileDown"]));
        await using var client = await EventsAsync(edge);
        gateway.Publish("one");
        await client.LineAsync("event 1: one");

        await gateway.DisposeAsync();
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_requests_held") == 1, RealTimeEdge.Patience);
        await using var again = await ChatGateway.StartAsync(port, "one");
        again.Publish("two");

        await client.LineAsync("event 2: two");
        Assert.DoesNotContain(client.Log.Lines, line => line.Text.StartsWith("given up", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_EventSource_gives_up_at_the_first_502()
    {
        await using var gateway = await ChatGateway.StartAsync(FreePort.Next());
        await using var edge = await EdgeProcess.StartAsync(RealTimeEdge.Setup(tls, [gateway.Address], []));
        await using var client = await EventsAsync(edge);
        gateway.Publish("one");
        await client.LineAsync("event 1: one");

        await gateway.DisposeAsync();

        Assert.Equal("given up 502", await client.LineAsync("given up"));
    }

    [Fact]
    public async Task A_drain_ends_event_streams_within_its_spread_and_they_go_on_at_the_next_edge()
    {
        await using var gateway = await ChatGateway.StartAsync(FreePort.Next());
        var setup = RealTimeEdge.Setup(tls, [gateway.Address], [], ("Drain:Spread", "00:00:01"), ("Drain:Timeout", "00:10:00"));
        await using var before = await EdgeProcess.StartAsync(setup);
        await using var client = await EventsAsync(before);
        await using var signalR = await NodeClient.StartAsync(tls.RootFile, "signalr-client.cjs", $"https://localhost:{before.HttpsPort}/hubs/chat", "ServerSentEvents");
        gateway.Publish("one");
        await client.LineAsync("event 1: one");
        await signalR.LineAsync("ServerSentEvents: hello from ");

        Assert.Equal(0, await before.StopAsync(RealTimeEdge.Patience));
        await client.LineAsync("reconnecting");
        await signalR.LineAsync("disconnected");
        var from = signalR.Log.Lines.Count;
        await using var after = await EdgeProcess.StartAsync(setup);
        gateway.Publish("two");

        await client.LineAsync("event 2: two");
        await signalR.LineAsync("ServerSentEvents: hello from ", from);
        Assert.Single(client.Log.Lines, line => line.Text.StartsWith("event 1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_long_poll_waits_for_a_gateway_that_restarts()
    {
        var port = FreePort.Next();
        await using var gateway = await ChatGateway.StartAsync(port, "one");
        await using var edge = await EdgeProcess.StartAsync(RealTimeEdge.Setup(tls, [gateway.Address], ["HoldWhileDown"]));
        await using var polls = await PollsAsync(edge);
        await polls.LineAsync("200 one");

        // One that is under way when its gateway goes is sent once more.
        await gateway.DisposeAsync();
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_requests_held") == 1, RealTimeEdge.Patience);
        await using var again = await ChatGateway.StartAsync(port, "one", "two");

        await polls.LineAsync("200 two");
    }

    [Fact]
    public async Task A_long_poll_that_waits_for_longer_than_IdleTimeout_is_answered_504()
    {
        await using var gateway = await ChatGateway.StartAsync(FreePort.Next());
        await using var edge = await EdgeProcess.StartAsync(RealTimeEdge.Setup(tls, [gateway.Address], [], ("Upstream:IdleTimeout", "00:00:05")));
        await using var polls = await PollsAsync(edge);
        await using var events = await EventsAsync(edge);

        // The stream, as silent, goes on.
        await polls.LineAsync("504");
        gateway.Publish("one");

        await polls.LineAsync("200 one");
        await events.LineAsync("event 1: one");
        Assert.Single(events.Log.Lines);
    }

    Task<ExternalProcess> PollsAsync(EdgeProcess edge) =>
        NodeClient.StartAsync(tls.RootFile, "polls-client.cjs", $"https://localhost:{edge.HttpsPort}/api/poll");

    Task<ExternalProcess> EventsAsync(EdgeProcess edge) =>
        NodeClient.StartAsync(tls.RootFile, "events-client.cjs", $"https://localhost:{edge.HttpsPort}/api/events");
}
