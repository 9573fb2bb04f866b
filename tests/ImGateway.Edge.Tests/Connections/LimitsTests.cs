using System.Net;
using System.Net.WebSockets;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Tests.Challenges;
using ImGateway.Edge.Tests.Proxying;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace ImGateway.Edge.Tests.Connections;

public sealed class LimitsTests
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Over_the_limit_a_connection_is_closed_at_its_hello(TestedEngine engine)
    {
        await using var edge = await StartAsync(new LimitsSection { Connections = 2 }, engine);
        var first = await RawTls.ConnectAsync(edge);
        await using var second = await RawTls.ConnectAsync(edge);

        Assert.True((await RawHello.ForTls13(ProxyHost.Host).SendAsync(edge.Tls)).Closed);
        Assert.True((await RawHello.ForTls13("unknown.test").SendAsync(edge.Tls)).Closed);
        Assert.StartsWith("HTTP/1.1 404", await second.GetAsync("/"), StringComparison.Ordinal);

        var metrics = await edge.MetricsAsync();
        Assert.Equal(2, metrics.Sum("imgw_refused_total", ("reason", "connections")));
        Assert.Equal(2, metrics.Sum("imgw_tls_handshake_failures_total", ("reason", "refused")));
        Assert.Single(edge.Warnings, line => line.Message.Contains("Edge:Limits:Connections", StringComparison.Ordinal));

        await first.DisposeAsync();
        await using var third = await EventuallyAsync(() => RawTls.ConnectAsync(edge));
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_CA_is_served_over_every_limit(TestedEngine engine)
    {
        await using var edge = await StartAsync(new LimitsSection { Connections = 1, ConnectionsPerAddress = 1, HandshakesInProgress = 1 }, engine);
        await using var open = await RawTls.ConnectAsync(edge);
        var queue = edge.Services.GetRequiredService<ConnectionGate>().Handshakes;
        Assert.True(await queue.AcquireAsync(null, TestContext.Current.CancellationToken));
        var offer = Offers.For(ProxyHost.Host);
        foreach (var responder in edge.Challenges.Where(responder => responder.Type is "http-01" or "tls-alpn-01"))
            await responder.PresentAsync(offer, TestContext.Current.CancellationToken);

        var overTls = await new RawHello { ServerName = ProxyHost.Host, Alpn = ["acme-tls/1"] }.SendAsync(edge.Tls);
        Assert.Contains(overTls.Certificates.Single().Extensions, extension => extension.Oid!.Value == "1.3.6.1.5.5.7.1.31");
        var plain = await RawClient.ExchangeAsync(edge.Plain, $"GET /.well-known/acme-challenge/{offer.Token} HTTP/1.1\r\nHost: {ProxyHost.Host}\r\n\r\n");
        Assert.Equal((200, offer.KeyAuthorization), (plain.Status, plain.Body));
        Assert.Equal(["close"], plain.Values("Connection"));
        queue.Release();
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Over_the_limit_no_more_than_64_silent_connections_are_kept_and_the_oldest_makes_room(TestedEngine engine)
    {
        await using var edge = await StartAsync(new LimitsSection { Connections = 1 }, engine, handshakeTimeout: TimeSpan.FromMinutes(10));
        var gate = edge.Services.GetRequiredService<ConnectionGate>();
        await using var open = await RawTls.ConnectAsync(edge);
        var silent = new List<RawClient>();
        for (var i = 0; i < ConnectionGate.MaxOverLimit; i++)
        {
            silent.Add(await RawClient.ConnectAsync(edge.Tls));
            // Connections are served side by side: which is the older one is known only when it has been counted.
            await EventuallyAsync(() => gate.SilentOverLimit > i ? Task.FromResult(true) : throw new IOException("not counted yet"));
        }

        // The one that has been silent for the longest time ends when another one comes, and no other does.
        using var newcomer = await RawClient.ConnectAsync(edge.Tls);
        Assert.Equal("", await silent[0].ReadToEndAsync());
        using var again = await RawClient.ConnectAsync(edge.Tls);
        Assert.Equal("", await silent[1].ReadToEndAsync());

        Assert.Equal(2, (await edge.MetricsAsync()).Sum("imgw_refused_total", ("reason", "connections")));
        foreach (var client in silent) client.Dispose();
    }

    [Fact]
    public async Task On_port_80_a_client_that_sends_nothing_is_waited_for_as_long_as_with_TLS()
    {
        await using var edge = await StartAsync(new LimitsSection(), handshakeTimeout: TimeSpan.FromSeconds(0.5));
        using var client = await RawClient.ConnectAsync(edge.Plain);

        Assert.Equal("", await client.ReadToEndAsync());
    }

    [Fact]
    public async Task Over_the_limit_port_80_says_503_and_closes()
    {
        await using var edge = await StartAsync(new LimitsSection { Connections = 1 });
        await using var open = await RawTls.ConnectAsync(edge);
        using var client = await RawClient.ConnectAsync(edge.Plain);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: gateway.test\r\n\r\n");

        var answer = await client.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 503", answer, StringComparison.Ordinal);
        Assert.Contains("Connection: close", answer, StringComparison.Ordinal);
        Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_refused_total", ("reason", "connections")));
    }

    [Fact]
    public async Task Over_the_limit_no_client_may_just_wait_on_port_80()
    {
        await using var edge = await StartAsync(new LimitsSection { Connections = 1 }, handshakeTimeout: TimeSpan.FromSeconds(0.5));
        await using var open = await RawTls.ConnectAsync(edge);
        using var client = await RawClient.ConnectAsync(edge.Plain);

        Assert.Equal("", await client.ReadToEndAsync());
    }

    [Fact]
    public async Task Each_address_is_counted_by_itself()
    {
        await using var edge = await StartAsync(new LimitsSection { ConnectionsPerAddress = 1 });
        await using var first = await RawTls.ConnectAsync(edge, "127.0.0.1");
        await using var other = await RawTls.ConnectAsync(edge, "127.0.0.2");
        await Assert.ThrowsAnyAsync<IOException>(() => RawTls.ConnectAsync(edge, "127.0.0.2"));

        Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_refused_total", ("reason", "connections_per_address")));
    }

    [Fact]
    public async Task A_trusted_proxy_is_many_clients()
    {
        var options = ProxyHost.Options(new Uri("http://127.0.0.1:9")) with
        {
            TrustedProxies = [IPNetwork.Parse("127.0.0.1/32")],
            Limits = new LimitsSection { ConnectionsPerAddress = 1 },
        };
        await using var edge = await ProxyHost.StartAsync(options);
        await using var first = await RawTls.ConnectAsync(edge);
        await using var second = await RawTls.ConnectAsync(edge);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Over_the_limit_a_WebSocket_is_refused_before_the_upstream_is_asked(string version)
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.UpgradeAndEcho);
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address) with { Limits = new LimitsSection { WebSockets = 1 } });
        using var invoker = new HttpMessageInvoker(edge.Handler());
        var first = await edge.ConnectWebSocketAsync(invoker, Version.Parse(version));

        var refused = await Assert.ThrowsAsync<WebSocketException>(() => edge.ConnectWebSocketAsync(invoker, Version.Parse(version)));
        Assert.Contains("503", refused.Message, StringComparison.Ordinal);
        Assert.Single(upstream.Requests);
        Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_refused_total", ("reason", "websockets")));

        first.Abort();
        first.Dispose();
        using var next = await EventuallyAsync(() => edge.ConnectWebSocketAsync(invoker, Version.Parse(version)));
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Many_at_once_are_served_one_after_the_other(TestedEngine engine)
    {
        await using var edge = await StartAsync(new LimitsSection { HandshakesInProgress = 1 }, engine);

        var clients = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => RawTls.ConnectAsync(edge)));

        foreach (var client in clients)
        {
            Assert.StartsWith("HTTP/1.1 404", await client.GetAsync("/"), StringComparison.Ordinal);
            await client.DisposeAsync();
        }

        var queue = edge.Services.GetRequiredService<ConnectionGate>().Handshakes;
        Assert.Equal((0, 0), (queue.InProgress, queue.Waiting));
        Assert.Equal(100, (await edge.MetricsAsync()).Sum("imgw_tls_handshakes_total"));
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_client_that_is_slow_after_its_hello_holds_up_no_other(TestedEngine engine)
    {
        await using var edge = await StartAsync(new LimitsSection { HandshakesInProgress = 1 }, engine);
        using var limit = new CancellationTokenSource(Limit);
        List<Stream> stuck = [];
        for (var i = 0; i < 10; i++)
        {
            var stream = await RawTls.OpenAsync(edge.Tls, "127.0.0.1", limit.Token, RawHello.ForTls13(ProxyHost.Host).ToRecords());
            stuck.Add(stream);
            await stream.ReadExactlyAsync(new byte[5], limit.Token);
        }

        await using (var served = await RawTls.ConnectAsync(edge))
        {
            Assert.StartsWith("HTTP/1.1 404", await served.GetAsync("/"), StringComparison.Ordinal);
            Assert.Equal(0, edge.Services.GetRequiredService<ConnectionGate>().Handshakes.InProgress);
        }

        foreach (var stream in stuck) await stream.DisposeAsync();
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Where_too_many_wait_the_rest_is_refused_and_who_waits_too_long_is_let_go(TestedEngine engine)
    {
        await using var edge = await StartAsync(new LimitsSection { HandshakesInProgress = 1 }, engine, TimeSpan.FromSeconds(1));
        var queue = edge.Services.GetRequiredService<ConnectionGate>().Handshakes;
        Assert.True(await queue.AcquireAsync(null, TestContext.Current.CancellationToken));

        // 1. No connection ends: the client waits until its time-out.
        Assert.True((await RawHello.ForTls13(ProxyHost.Host).SendAsync(edge.Tls)).Closed);
        Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_tls_handshake_failures_total", ("reason", "timeout")));

        // 2. The queue is full.
        using var patience = new CancellationTokenSource();
        List<Task<bool>> waiting = [];
        while (queue.AcquireAsync(null, patience.Token).AsTask() is { IsCompleted: false } next) waiting.Add(next);
        Assert.True((await RawHello.ForTls13(ProxyHost.Host).SendAsync(edge.Tls)).Closed);
        Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_refused_total", ("reason", "handshakes")));

        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(waiting));
        queue.Release();
        await using var served = await RawTls.ConnectAsync(edge);
    }

    static Task<ProxyHost> StartAsync(LimitsSection limits, TestedEngine? engine = null, TimeSpan? handshakeTimeout = null) =>
        ProxyHost.StartAsync(
            ProxyHost.Options(new Uri("http://127.0.0.1:9")) with
            {
                Limits = limits,
                Tls = new TlsSection { HandshakeTimeout = handshakeTimeout ?? TimeSpan.FromSeconds(10) },
            },
            engine: engine);

    /// <summary>The edge learns of an end a moment after who made it.</summary>
    static async Task<T> EventuallyAsync<T>(Func<Task<T>> attempt)
    {
        using var limit = new CancellationTokenSource(Limit);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            try
            {
                return await attempt();
            }
            catch (Exception e) when (e is IOException or WebSocketException && !limit.IsCancellationRequested)
            {
                await timer.WaitForNextTickAsync(limit.Token);
            }
        }
    }
}
