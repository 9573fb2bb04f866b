using System.Net.WebSockets;
using System.Text;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tests.Proxying;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.WebSockets;

public sealed class WebSocketRelayTests
{
    const string Upgrade = $"GET /ws HTTP/1.1\r\nHost: {ProxyHost.Host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static TheoryData<string> Versions => ["1.1", "2.0"];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Messages_go_both_ways_and_are_counted(string version)
    {
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address));
        using var invoker = new HttpMessageInvoker(edge.Handler());
        using var socket = await edge.ConnectWebSocketAsync(invoker, new Version(version));
        using var patience = new CancellationTokenSource(Patience);

        foreach (var size in new[] { 1, 125, 4000, 100_000 }) Assert.Equal(size, (await EchoAsync(socket, new byte[size], patience.Token)).Length);

        var open = Assert.Single(edge.WebSockets.Open);
        Assert.Equal("ws", open.Route);
        Assert.InRange(open.BytesIn, 104_126, 104_300);
        Assert.InRange(open.BytesOut, 104_126, 104_300);
        Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_websocket_connections"));

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", patience.Token);
        var metrics = await ClosedAsync(edge);

        Assert.Equal(WebSocketCloseStatus.NormalClosure, socket.CloseStatus);
        Assert.Equal(0, metrics.Sum("imgw_websocket_connections"));
        Assert.Equal(1, metrics.Sum("imgw_websocket_duration_seconds_count"));
        Assert.InRange(metrics.Sum("imgw_websocket_bytes_total", ("direction", "in")), 104_126, 104_300);
        Assert.Equal(1, metrics.Sum("imgw_http_requests_total", ("route", "ws"), ("code", version == "2.0" ? "200" : "101")));
        Assert.Equal(0, metrics.Sum("imgw_http_request_duration_seconds_count", ("route", "ws")));
    }

    [Fact]
    public async Task A_WebSocket_over_HTTP2_reaches_the_upstream_as_an_HTTP1_upgrade()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.UpgradeAndEcho);
        await using var edge = await ProxyHost.StartAsync(upstream);
        using var invoker = new HttpMessageInvoker(edge.Handler());

        using var socket = await edge.ConnectWebSocketAsync(
            invoker, new Version(2, 0), "/ws?a=%2F", options => options.SetRequestHeader("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="));

        var head = upstream.Requests.Single();
        Assert.StartsWith("GET /ws?a=%2F HTTP/1.1\r\n", head);
        Assert.Contains("Upgrade: websocket\r\n", head);
        Assert.Contains("Sec-WebSocket-Version: 13\r\n", head);
        Assert.DoesNotContain("dGhlIHNhbXBsZSBub25jZQ==", head);
        Assert.Contains($"Host: {ProxyHost.Host}\r\n", head);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nSECRET")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: wrong\r\n\r\nSECRET")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\nSECRET")]
    public async Task Over_HTTP2_whatever_is_no_upgrade_opens_nothing(string answer)
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Send(answer));
        await using var edge = await ProxyHost.StartAsync(upstream);
        using var invoker = new HttpMessageInvoker(edge.Handler());

        var refused = await Assert.ThrowsAsync<WebSocketException>(() => edge.ConnectWebSocketAsync(invoker, new Version(2, 0)));

        Assert.Contains("502", refused.ToString());
        Assert.Equal(0, edge.WebSockets.Count);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_WebSocket_on_another_route_is_refused(string version)
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.UpgradeAndEcho);
        await using var edge = await ProxyHost.StartAsync(upstream);
        using var invoker = new HttpMessageInvoker(edge.Handler());

        var refused = await Assert.ThrowsAsync<WebSocketException>(() => edge.ConnectWebSocketAsync(invoker, new Version(version), "/api"));

        Assert.Contains("403", refused.ToString());
        Assert.Empty(upstream.Requests);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_WebSocket_may_carry_more_than_a_request_body(string version)
    {
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address) with { Limits = new LimitsSection { RequestBodyBytes = 1000 } });
        using var invoker = new HttpMessageInvoker(edge.Handler());
        using var socket = await edge.ConnectWebSocketAsync(invoker, new Version(version));
        using var patience = new CancellationTokenSource(Patience);

        for (var i = 0; i < 5; i++) Assert.Equal(900, (await EchoAsync(socket, new byte[900], patience.Token)).Length);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_silent_WebSocket_ends_after_the_idle_timeout(string version)
    {
        await using var upstream = await EchoUpstream.StartAsync();
        var options = ProxyHost.Options(upstream.Address) with { WebSockets = new WebSocketsSection { IdleTimeout = TimeSpan.FromMilliseconds(300) } };
        await using var edge = await ProxyHost.StartAsync(options);
        using var invoker = new HttpMessageInvoker(edge.Handler());
        using var socket = await edge.ConnectWebSocketAsync(invoker, new Version(version));

        await EndAsync(socket);

        Assert.Equal(1, (await ClosedAsync(edge)).Sum("imgw_websocket_closed_total", ("by", "idle")));
    }

    [Fact]
    public async Task A_WebSocket_outlives_the_timeout_of_requests()
    {
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address), new Dictionary<string, string?>
        {
            ["ReverseProxy:Clusters:gateway:HttpRequest:ActivityTimeout"] = "00:00:00.3",
        });
        using var invoker = new HttpMessageInvoker(edge.Handler());
        using var socket = await edge.ConnectWebSocketAsync(invoker, new Version(1, 1));
        using var patience = new CancellationTokenSource(Patience);

        // A request that hangs for as long proves that the time is over.
        await using var hanging = RecordingUpstream.Start(UpstreamScripts.Hang);
        await using var other = await ProxyHost.StartAsync(ProxyHost.Options(hanging.Address), new Dictionary<string, string?>
        {
            ["ReverseProxy:Clusters:gateway:HttpRequest:ActivityTimeout"] = "00:00:00.6",
        });
        Assert.Equal(504, (await other.GetAsync("/api")).Status);

        Assert.Equal(5, (await EchoAsync(socket, new byte[5], patience.Token)).Length);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_vanishes_ends_the_upstream_promptly(bool reset)
    {
        var ended = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Upgrade(async connection =>
        {
            var all = new StringBuilder();
            while (await connection.ReadAsync() is { Length: > 0 } text) all.Append(text);
            ended.SetResult(all.ToString());
        }));
        await using var edge = await ProxyHost.StartAsync(upstream);
        using var client = await RawClient.ConnectAsync(edge.Bare);
        await client.SendAsync(Upgrade);
        Assert.Equal(101, (await client.ReadResponseAsync()).Status);

        if (reset) client.Reset();
        else client.Dispose();

        await ended.Task.WaitAsync(Patience);
        Assert.Equal(1, (await ClosedAsync(edge)).Sum("imgw_websocket_closed_total", ("by", "client")));
    }

    [Fact]
    public async Task What_a_client_sent_before_it_left_arrives()
    {
        var ended = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Upgrade(async connection =>
        {
            var all = new StringBuilder();
            try
            {
                while (await connection.ReadAsync() is { Length: > 0 } text) all.Append(text);
            }
            finally
            {
                ended.SetResult(all.ToString());
            }
        }));
        await using var edge = await ProxyHost.StartAsync(upstream);
        using var client = await RawClient.ConnectAsync(edge.Bare);
        await client.SendAsync(Upgrade);
        await client.ReadResponseAsync();

        await client.SendAsync(new string('x', 50_000) + "last words");
        client.FinishSending();

        Assert.Equal(50_010, (await ended.Task.WaitAsync(Patience)).Length);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_upstream_that_ends_ends_the_client_promptly(bool reset)
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Upgrade(connection =>
        {
            if (reset) connection.Reset();
            else connection.Close();
            return Task.CompletedTask;
        }));
        await using var edge = await ProxyHost.StartAsync(upstream);
        using var client = await RawClient.ConnectAsync(edge.Bare);
        await client.SendAsync(Upgrade);

        Assert.StartsWith("HTTP/1.1 101", await client.ReadToEndAsync());
        Assert.Equal(1, (await ClosedAsync(edge)).Sum("imgw_websocket_closed_total", ("by", "upstream")));
    }

    [Fact]
    public async Task What_an_upstream_sent_with_its_101_and_before_it_left_arrives()
    {
        await using var upstream = RecordingUpstream.Start(async (connection, head) =>
        {
            await connection.SendAsync(UpstreamScripts.SwitchingProtocols(head) + "first words");
            await connection.SendAsync(new string('x', 50_000) + "last words");
            connection.Close();
        });
        await using var edge = await ProxyHost.StartAsync(upstream);
        using var client = await RawClient.ConnectAsync(edge.Bare);
        await client.SendAsync(Upgrade);

        var all = await client.ReadToEndAsync();

        Assert.EndsWith("last words", all);
        Assert.Equal(50_021, all.Length - all.IndexOf("first words", StringComparison.Ordinal));
    }

    static async Task<byte[]> EchoAsync(ClientWebSocket socket, byte[] message, CancellationToken cancellationToken)
    {
        await socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
        using var all = new MemoryStream();
        var buffer = new byte[16 * 1024];
        WebSocketReceiveResult received;
        do
        {
            received = await socket.ReceiveAsync(buffer, cancellationToken);
            all.Write(buffer, 0, received.Count);
        }
        while (!received.EndOfMessage || all.Length < message.Length);
        return all.ToArray();
    }

    static async Task EndAsync(ClientWebSocket socket)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await socket.ReceiveAsync(new byte[16], patience.Token);
        }
        catch (WebSocketException)
        {
            // Cut without a closing handshake.
        }
    }

    /// <summary>The metrics once no socket is open any more.</summary>
    static async Task<Scrape> ClosedAsync(ProxyHost edge)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            patience.Token.ThrowIfCancellationRequested();
            var metrics = await edge.MetricsAsync();
            if (edge.WebSockets.Count == 0 && metrics.Sum("imgw_websocket_closed_total") > 0) return metrics;
            await Task.Yield();
        }
    }
}
