using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Proxying;

/// <summary>What goes to another upstream, and what must not.</summary>
public sealed class RetriesTests
{
    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    [InlineData("OPTIONS")]
    public async Task A_safe_request_goes_to_another_upstream(string method)
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(Upstreams.Away(), upstream.Address), Upstreams.InOrder);
        using var client = await RawClient.ConnectAsync(edge.Bare);

        await client.SendAsync($"{method} /api HTTP/1.1\r\nHost: {ProxyHost.Host}\r\nConnection: close\r\n\r\n");
        var answer = await client.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer);
        Assert.StartsWith($"{method} /api HTTP/1.1\r\n", Assert.Single(upstream.Requests));
        var metrics = await edge.MetricsAsync();
        Assert.Equal(1, metrics.Sum("imgw_upstream_errors_total", ("route", "api"), ("error", "connect")));
        Assert.Equal(1, metrics.Sum("imgw_http_requests_total"));
    }

    [Theory]
    [InlineData("POST", "x")]
    [InlineData("POST", "")]
    [InlineData("PUT", "x")]
    [InlineData("DELETE", "")]
    [InlineData("GET", "x")]
    public async Task What_is_not_safe_or_has_a_body_goes_nowhere_else(string method, string body)
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(Upstreams.Away(), upstream.Address), Upstreams.InOrder);

        var response = await RawClient.ExchangeAsync(edge.Bare, $"{method} /api HTTP/1.1\r\nHost: {ProxyHost.Host}\r\nContent-Length: {body.Length}\r\n\r\n{body}");

        Assert.Equal(502, response.Status);
        Assert.Empty(upstream.Requests);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_WebSocket_opens_at_another_upstream(string version)
    {
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(Upstreams.Away(), upstream.Address), Upstreams.InOrder);
        using var invoker = new HttpMessageInvoker(edge.Handler());

        using var socket = await edge.ConnectWebSocketAsync(invoker, new Version(version));

        await AssertEchoesAsync(socket);
        Assert.Equal(1, edge.WebSockets.Count);
    }

    [Fact]
    public async Task Where_no_connection_comes_about_in_time_another_upstream_is_asked()
    {
        using var deaf = Deaf(out var queue);
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(new Uri($"http://{deaf.LocalEndPoint}"), upstream.Address), Upstreams.InOrder);

        var response = await edge.GetAsync("/api");

        Assert.Equal(200, response.Status);
        Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_upstream_errors_total", ("error", "connect")));
        foreach (var client in queue) client.Dispose();
    }

    [Fact]
    public async Task Where_all_are_away_the_answer_is_one_502()
    {
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(Upstreams.Away(), Upstreams.Away(), Upstreams.Away()));

        var response = await edge.GetAsync("/api");

        Assert.Equal((502, "The gateway failed\n"), (response.Status, response.Body));
        Assert.Equal(["DENY"], response.Values("X-Frame-Options"));
        var metrics = await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_http_requests_total", ("code", "502")) == 1);
        Assert.Equal(3, metrics.Sum("imgw_upstream_errors_total", ("error", "connect")));
    }

    [Fact]
    public async Task A_request_that_has_arrived_goes_nowhere_else()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.ResetAfter("HTTP/1.1 200"));
        await using var other = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address, other.Address), Upstreams.InOrder);

        Assert.Equal(502, (await edge.GetAsync("/api")).Status);

        Assert.Single(upstream.Requests);
        Assert.Empty(other.Requests);
    }

    [Theory]
    [InlineData("PATCH /api HTTP/1.1\r\nHost: gateway.test\r\n\r\n")]
    [InlineData("POST /api HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 0\r\n\r\n")]
    public async Task What_is_not_idempotent_is_sent_once_even_without_content(string request)
    {
        // An orderly end is what .NET takes for a connection that was idle too long.
        await using var upstream = RecordingUpstream.Start((connection, _) =>
        {
            connection.Close();
            return Task.CompletedTask;
        });
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address) with { HoldWhileDown = TimeSpan.FromSeconds(5) });

        Assert.Equal(502, (await RawClient.ExchangeAsync(edge.Bare, request)).Status);

        Assert.Contains("\r\nContent-Length: 0\r\n", Assert.Single(upstream.Requests));
    }

    [Fact]
    public async Task An_affinity_moves_with_the_request_and_the_client_gets_its_cookie()
    {
        var port = FreePort.Next();
        await using var two = RecordingUpstream.Start(UpstreamScripts.Answer("two"));
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(new Uri($"http://127.0.0.1:{port}"), two.Address), Sticky("Redistribute"));
        string bound;
        await using (RecordingUpstream.Start(UpstreamScripts.Answer("one", "Connection: close\r\n"), port))
        {
            bound = CookieOf(await edge.GetAsync("/api"));
        }

        var moved = await edge.GetAsync("/api", $"Cookie: {bound}");
        var fresh = await edge.GetAsync("/api");

        Assert.Equal("two", moved.Body);
        Assert.NotEqual(bound, CookieOf(moved));
        Assert.Equal("two", fresh.Body);
        Assert.Equal("two", (await edge.GetAsync("/api", $"Cookie: {CookieOf(fresh)}")).Body);
    }

    [Fact]
    public async Task An_affinity_that_may_not_move_is_503()
    {
        var port = FreePort.Next();
        await using var two = RecordingUpstream.Start(UpstreamScripts.Answer("two"));
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(new Uri($"http://127.0.0.1:{port}"), two.Address), Sticky("Return503Error"));
        string bound;
        await using (RecordingUpstream.Start(UpstreamScripts.Answer("one", "Connection: close\r\n"), port))
        {
            bound = CookieOf(await edge.GetAsync("/api"));
        }

        var response = await edge.GetAsync("/api", $"Cookie: {bound}");

        Assert.Equal((503, "The gateway is unavailable\n"), (response.Status, response.Body));
        Assert.Empty(response.Values("Set-Cookie"));
        Assert.Empty(two.Requests);
    }

    [Fact]
    public async Task An_affinity_that_may_not_move_waits_for_its_own_upstream()
    {
        var port = FreePort.Next();
        await using var two = RecordingUpstream.Start(UpstreamScripts.Answer("two"));
        var options = ProxyHost.Options(new Uri($"http://127.0.0.1:{port}"), two.Address) with { HoldWhileDown = Upstreams.Patience };
        await using var edge = await ProxyHost.StartAsync(options, Sticky("Return503Error"));
        string bound;
        await using (RecordingUpstream.Start(UpstreamScripts.Answer("one", "Connection: close\r\n"), port))
        {
            bound = CookieOf(await edge.GetAsync("/api"));
        }

        var waiting = edge.GetAsync("/api", $"Cookie: {bound}");
        await edge.WaitForHeldAsync(1);
        await using var again = RecordingUpstream.Start(UpstreamScripts.Answer("one again"), port);

        Assert.Equal("one again", (await waiting).Body);
        Assert.Empty(two.Requests);
    }

    static Dictionary<string, string?> Sticky(string failurePolicy) => new()
    {
        ["ReverseProxy:Clusters:gateway:LoadBalancingPolicy"] = "FirstAlphabetical",
        ["ReverseProxy:Clusters:gateway:SessionAffinity:Enabled"] = "true",
        ["ReverseProxy:Clusters:gateway:SessionAffinity:Policy"] = "Cookie",
        ["ReverseProxy:Clusters:gateway:SessionAffinity:FailurePolicy"] = failurePolicy,
        ["ReverseProxy:Clusters:gateway:SessionAffinity:AffinityKeyName"] = "sticky",
    };

    static string CookieOf(RawResponse response) => Assert.Single(response.Values("Set-Cookie")).Split(';')[0];

    static async Task AssertEchoesAsync(ClientWebSocket socket)
    {
        using var patience = new CancellationTokenSource(Upstreams.Patience);
        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, patience.Token);
        var buffer = new byte[16];
        var received = await socket.ReceiveAsync(buffer.AsMemory(), patience.Token);
        Assert.Equal("hello"u8, buffer.AsSpan(0, received.Count));
    }

    /// <summary>A listener whose queue is full: who connects is not answered.</summary>
    static Socket Deaf(out List<Socket> queue)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        queue = [];
        for (var i = 0; i < 4; i++)
        {
            var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            queue.Add(client);
            try
            {
                client.Connect(listener.LocalEndPoint!);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
            {
                // Under way; the first ones get through, the rest fill the queue.
            }
        }

        return listener;
    }
}
