using System.Net.WebSockets;
using ImGateway.Testing;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Edge.Tests.Proxying;

/// <summary>Requests that wait for a gateway that is away.</summary>
public sealed class HoldTests
{
    [Fact]
    public async Task What_waits_is_answered_once_the_gateway_is_back()
    {
        const int Requests = 60;
        var port = FreePort.Next();
        await using var edge = await HoldingAsync(Upstreams.Patience, port);
        var waiting = Enumerable.Range(0, Requests).Select(i => edge.GetAsync($"/api/{i}")).ToList();
        await edge.WaitForHeldAsync(Requests);
        var post = await RawClient.ExchangeAsync(edge.Bare, $"POST /api HTTP/1.1\r\nHost: {ProxyHost.Host}\r\nContent-Length: 0\r\n\r\n");

        await using var upstream = RecordingUpstream.Start(port: port);
        var answers = await Task.WhenAll(waiting);

        Assert.Equal(502, post.Status);
        Assert.All(answers, answer => Assert.Equal((200, "hello"), (answer.Status, answer.Body)));
        Assert.Equal(Requests, upstream.Requests.Count);
        await edge.WaitForHeldAsync(0);
        // Counted when the client has its response already.
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_http_requests_total", ("code", "200")) == Requests);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_WebSocket_waits_too(string version)
    {
        var port = FreePort.Next();
        await using var edge = await HoldingAsync(Upstreams.Patience, port);
        using var invoker = new HttpMessageInvoker(edge.Handler());
        var connecting = edge.ConnectWebSocketAsync(invoker, new Version(version));
        await edge.WaitForHeldAsync(1);

        await using var upstream = await EchoUpstream.StartAsync(port);
        using var socket = await connecting;

        Assert.Equal(WebSocketState.Open, socket.State);
        await edge.WaitForHeldAsync(0);
        // Counted when the client has its 101 already.
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_websocket_connections") == 1);
    }

    [Fact]
    public async Task A_probe_that_fails_in_no_usual_way_holds_no_request_beyond_the_deadline()
    {
        // An address that YARP takes and no socket can be opened to.
        await using var edge = await ProxyHost.StartAsync(
            ProxyHost.Options(Upstreams.Away()) with { HoldWhileDown = TimeSpan.FromMilliseconds(300) },
            new Dictionary<string, string?> { ["ReverseProxy:Clusters:gateway:Destinations:upstream-1:Address"] = "file:///nowhere" });

        // The second one comes when the first has met the failure.
        for (var i = 0; i < 2; i++)
        {
            var response = await edge.GetAsync("/api");
            Assert.Equal((503, "5"), (response.Status, Assert.Single(response.Values("Retry-After"))));
        }

        await edge.WaitForHeldAsync(0);
    }

    [Fact]
    public async Task They_go_on_in_the_order_they_came_a_few_at_first()
    {
        const int Requests = 60;
        var port = FreePort.Next();
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var edge = await HoldingAsync(TimeSpan.FromMinutes(1), port, time);
        var waiting = new List<Task<RawResponse>>();
        for (var i = 1; i <= Requests; i++)
        {
            waiting.Add(edge.GetAsync($"/api/{i:00}"));
            await edge.WaitForHeldAsync(i);
        }

        await using var upstream = RecordingUpstream.Start(port: port);
        Assert.Equal(Requests - 16, await StepAsync(edge, time, Requests));
        var first = await Task.WhenAll(waiting[..16]);
        Assert.Equal(Requests - 16 - 32, await StepAsync(edge, time, Requests - 16));
        Assert.Equal(0, await StepAsync(edge, time, Requests - 16 - 32));
        await Task.WhenAll(waiting);

        Assert.All(first, answer => Assert.Equal(200, answer.Status));
        Assert.Equal(Enumerable.Range(1, 16), upstream.Requests.Take(16).Select(head => int.Parse(head.AsSpan("GET /api/".Length, 2))).Order());
    }

    [Fact]
    public async Task A_request_that_has_waited_long_enough_gets_Retry_After()
    {
        await using var edge = await HoldingAsync(TimeSpan.FromMilliseconds(200), FreePort.Next());

        var response = await edge.GetAsync("/api");

        Assert.Equal((503, "The gateway is unavailable\n"), (response.Status, response.Body));
        Assert.Equal(["5"], response.Values("Retry-After"));
        Assert.Equal(["DENY"], response.Values("X-Frame-Options"));
        var metrics = await edge.MetricsAsync();
        Assert.Equal(1, metrics.Sum("imgw_upstream_errors_total", ("route", "api"), ("error", "connect")));
        Assert.Equal(0, metrics.Sum("imgw_requests_held"));
    }

    [Fact]
    public async Task The_time_is_counted_from_the_first_failure()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var edge = await HoldingAsync(TimeSpan.FromSeconds(10), FreePort.Next(), time);
        var waiting = edge.GetAsync("/api");
        await edge.WaitForHeldAsync(1);

        time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(waiting.IsCompleted);
        for (var i = 0; i < 200 && !waiting.IsCompleted; i++)
        {
            time.Advance(TimeSpan.FromSeconds(0.1));
            await Task.WhenAny(waiting, Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System));
        }

        Assert.Equal(503, (await waiting).Status);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_client_that_leaves_ends_its_wait(string version)
    {
        await using var edge = await HoldingAsync(Upstreams.Patience, FreePort.Next());
        using var client = new HttpClient(edge.Handler()) { DefaultRequestVersion = new Version(version), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var leaves = new CancellationTokenSource();
        var waiting = client.GetAsync(new Uri($"https://{ProxyHost.Host}/api"), leaves.Token);
        await edge.WaitForHeldAsync(1);

        await leaves.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await edge.WaitForHeldAsync(0);
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_http_requests_total", ("code", "499")) == 1);
    }

    [Fact]
    public async Task A_safe_request_whose_connection_is_lost_is_repeated_once()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.ResetAfter("HTTP/1.1 200"));
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address) with { HoldWhileDown = Upstreams.Patience });

        var get = await edge.GetAsync("/api");
        var times = upstream.Requests.Count;
        var post = await RawClient.ExchangeAsync(edge.Bare, $"POST /api HTTP/1.1\r\nHost: {ProxyHost.Host}\r\nContent-Length: 0\r\n\r\n");

        Assert.Equal((502, 2), (get.Status, times));
        Assert.Equal((502, 3), (post.Status, upstream.Requests.Count));
        Assert.Equal(3, (await edge.MetricsAsync()).Sum("imgw_upstream_errors_total", ("error", "reset")));
    }

    /// <summary>A process that is killed loses its connections before its listening socket, and what it still takes in is lost as well.</summary>
    [Fact]
    public async Task A_gateway_that_dies_has_a_moment_to_stop_listening()
    {
        var port = FreePort.Next();
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var dying = RecordingUpstream.Start(UpstreamScripts.ResetAfter("HTTP/1.1 200"), port: port);
        await using var edge = await HoldingAsync(TimeSpan.FromMinutes(1), port, time);
        var asking = edge.GetAsync("/api");
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_upstream_errors_total", ("error", "reset")) > 0);
        // Long enough for a second attempt to arrive: there is no event for its absence.
        await Task.WhenAny(asking, Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System));
        await dying.DisposeAsync();
        await using var back = RecordingUpstream.Start(port: port);
        for (var i = 0; i < 500 && !asking.IsCompleted; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.WhenAny(asking, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System));
        }

        Assert.Equal(200, (await asking.WaitAsync(Upstreams.Patience)).Status);
        Assert.Single(dying.Requests);
        Assert.Single(back.Requests);
    }

    [Fact]
    public async Task An_answer_that_has_begun_is_not_repeated()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.ResetAfter("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npartial"));
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address) with { HoldWhileDown = Upstreams.Patience });
        using var client = await RawClient.ConnectAsync(edge.Bare);

        await client.SendAsync($"GET /api HTTP/1.1\r\nHost: {ProxyHost.Host}\r\n\r\n");
        await client.ReadToEndAsync();

        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task A_gateway_that_answers_badly_is_not_down()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Answer("busy", status: "503 Service Unavailable"));
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address) with { HoldWhileDown = Upstreams.Patience });

        var response = await edge.GetAsync("/api");

        Assert.Equal((503, "busy"), (response.Status, response.Body));
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task Where_every_upstream_is_unhealthy_requests_wait_for_one_that_is_well()
    {
        var well = false;
        await using var upstream = RecordingUpstream.Start((connection, head) => UpstreamScripts.Answer(
            "hello", status: Volatile.Read(ref well) || !head.StartsWith("GET /probe", StringComparison.Ordinal) ? "200 OK" : "500 Internal Server Error")(connection, head));
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address) with { HoldWhileDown = Upstreams.Patience }, new Dictionary<string, string?>
        {
            ["ReverseProxy:Clusters:gateway:HealthCheck:Active:Enabled"] = "true",
            ["ReverseProxy:Clusters:gateway:HealthCheck:Active:Interval"] = "00:00:00.05",
            ["ReverseProxy:Clusters:gateway:HealthCheck:Active:Path"] = "/probe",
            ["ReverseProxy:Clusters:gateway:HealthCheck:AvailableDestinationsPolicy"] = "HealthyAndUnknown",
        });
        var held = edge.WaitForHeldAsync(1);
        Task<RawResponse> waiting;
        do
        {
            // Until the probes have failed twice it is still served.
            waiting = edge.GetAsync("/api");
        }
        while (await Task.WhenAny(waiting, held) == waiting);

        Volatile.Write(ref well, true);

        Assert.Equal(200, (await waiting).Status);
    }

    static Task<ProxyHost> HoldingAsync(TimeSpan hold, int port, TimeProvider? time = null) =>
        ProxyHost.StartAsync(ProxyHost.Options(new Uri($"http://127.0.0.1:{port}")) with { HoldWhileDown = hold }, time: time);

    /// <summary>One interval of the queue; how many still wait.</summary>
    static async Task<double> StepAsync(ProxyHost edge, FakeTimeProvider time, int before)
    {
        while (true)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            var step = edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_requests_held") != before);
            if (await Task.WhenAny(step, Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System)) != step) continue;
            // All requests of a step are released under one lock, but counted one by one.
            var held = (await step).Sum("imgw_requests_held");
            while (true)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
                var now = (await edge.MetricsAsync()).Sum("imgw_requests_held");
                if (now == held) return now;
                held = now;
            }
        }
    }
}
