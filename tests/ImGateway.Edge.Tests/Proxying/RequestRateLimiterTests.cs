using System.Net;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Proxying.Checks;
using ImGateway.Testing;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Edge.Tests.Proxying;

public sealed class RequestRateLimiterTests
{
    static readonly IPAddress Address = IPAddress.Parse("192.0.2.1");

    readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    readonly RequestRateLimiter _limiter;

    public RequestRateLimiterTests() => _limiter = new RequestRateLimiter(_time);

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public void A_seconds_worth_goes_at_once_and_then_as_many_in_a_second(int perSecond)
    {
        Assert.Equal(perSecond, Admitted(Address, perSecond));

        _time.Advance(TimeSpan.FromSeconds(1) / perSecond * 1.01);
        Assert.Equal(1, Admitted(Address, perSecond));

        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(perSecond, Admitted(Address, perSecond));
    }

    [Fact]
    public void Another_limit_holds_from_then_on()
    {
        Admitted(Address, 2);

        _time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.False(_limiter.TryAcquire(Address, 2));
        Assert.Equal(100, Admitted(Address, 1000));
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::2", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("::1", "127.0.0.1", false)]
    public void An_address_has_a_share_of_its_own_and_a_subscriber_of_IPv6_one(string one, string other, bool shared)
    {
        Admitted(IPAddress.Parse(one), 5);

        Assert.Equal(shared ? 0 : 5, Admitted(IPAddress.Parse(other), 5));
    }

    [Fact]
    public void A_scan_costs_no_memory_and_no_other_client_its_limit()
    {
        Admitted(Address, 5);
        var addresses = Enumerable.Range(0, 200_000).Select(i => new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i])).ToList();
        var before = GC.GetAllocatedBytesForCurrentThread();

        foreach (var address in addresses) Assert.True(_limiter.TryAcquire(address, 5));

        // What the runtime itself allocates now and then is no byte a request.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, addresses.Count / 10);
        Assert.False(_limiter.TryAcquire(Address, 5));
    }

    [Fact]
    public async Task What_is_too_much_is_429_before_anything_else_and_the_upstream_is_not_asked()
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(Limited(2, upstream.Address), time: _time);

        var statuses = new List<int>();
        foreach (var target in new[] { "/api", "/nothing", "/api", "/.." }) statuses.Add((await edge.GetAsync(target)).Status);
        var refused = await edge.GetAsync("/api");

        Assert.Equal([200, 404, 429, 429], statuses);
        Assert.Equal((429, "Too many requests\n"), (refused.Status, refused.Body));
        Assert.Equal(["1"], refused.Values("Retry-After"));
        Assert.Equal(["DENY"], refused.Values("X-Frame-Options"));
        Assert.Single(upstream.Requests);
        Assert.Equal(3, (await edge.MetricsAsync()).Sum("imgw_refused_total", ("reason", "requests_per_second")));

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(200, (await edge.GetAsync("/api")).Status);
    }

    [Fact]
    public async Task Behind_a_trusted_proxy_the_client_is_counted()
    {
        await using var upstream = RecordingUpstream.Start();
        var options = Limited(1, upstream.Address) with { TrustedProxies = [IPNetwork.Parse("127.0.0.0/8")] };
        await using var edge = await ProxyHost.StartAsync(options, time: _time);

        Assert.Equal(200, (await edge.GetAsync("/api", "X-Forwarded-For: 192.0.2.1")).Status);
        Assert.Equal(200, (await edge.GetAsync("/api", "X-Forwarded-For: 192.0.2.2")).Status);
        Assert.Equal(429, (await edge.GetAsync("/api", "X-Forwarded-For: 9.9.9.9, 192.0.2.1")).Status);
    }

    [Fact]
    public async Task A_header_of_somebody_else_changes_nothing()
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(Limited(1, upstream.Address), time: _time);

        Assert.Equal(200, (await edge.GetAsync("/api", "X-Forwarded-For: 192.0.2.1")).Status);
        Assert.Equal(429, (await edge.GetAsync("/api", "X-Forwarded-For: 192.0.2.2")).Status);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_WebSocket_counts_once_however_much_it_says(string version)
    {
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await ProxyHost.StartAsync(Limited(1, upstream.Address), time: _time);
        using var invoker = new HttpMessageInvoker(edge.Handler());
        using var patience = new CancellationTokenSource(Upstreams.Patience);
        using var socket = await edge.ConnectWebSocketAsync(invoker, new Version(version));
        for (var i = 0; i < 5; i++)
        {
            await socket.SendAsync("hello"u8.ToArray(), System.Net.WebSockets.WebSocketMessageType.Text, endOfMessage: true, patience.Token);
            await socket.ReceiveAsync(new byte[16].AsMemory(), patience.Token);
        }

        await Assert.ThrowsAsync<System.Net.WebSockets.WebSocketException>(() => edge.ConnectWebSocketAsync(invoker, new Version(version)));
    }

    [Fact]
    public async Task Plain_HTTP_where_challenges_are_answered_has_no_limit()
    {
        await using var edge = await ProxyHost.StartAsync(Limited(1, Upstreams.Away()), time: _time);

        for (var i = 0; i < 5; i++)
        {
            var response = await RawClient.ExchangeAsync(edge.Plain, $"GET /.well-known/acme-challenge/token HTTP/1.1\r\nHost: {ProxyHost.Host}\r\n\r\n");
            Assert.Equal(404, response.Status);
        }
    }

    int Admitted(IPAddress address, int perSecond)
    {
        var admitted = 0;
        while (_limiter.TryAcquire(address, perSecond)) admitted++;
        return admitted;
    }

    static EdgeOptions Limited(int perSecond, Uri upstream) =>
        ProxyHost.Options(upstream) with { Limits = new LimitsSection { RequestsPerSecondPerAddress = perSecond } };
}
