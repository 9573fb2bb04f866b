using System.Net;
using ImGateway.Edge.Tests.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Proxying;

/// <summary>What docs/upstreams.md promises, by its examples.</summary>
public sealed class UpstreamsPageTests
{
    const string Cluster = "ReverseProxy:Clusters:gateway";

    static readonly string[] Upgrade = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];

    [Fact]
    public void Every_example_is_valid()
    {
        Assert.Equal(6, UpstreamsPage.Examples.Count);
        Assert.All(UpstreamsPage.Examples, example => Settings.WithRoot(example).Options());
    }

    [Theory]
    [InlineData("LeastRequests")]
    [InlineData("PowerOfTwoChoices")]
    public async Task A_WebSocket_counts_for_balancing_as_long_as_it_lives(string policy)
    {
        await using var one = RecordingUpstream.Start(Named("one"));
        await using var two = RecordingUpstream.Start(Named("two"));
        var settings = UpstreamsPage.With("LoadBalancingPolicy", ($"{Cluster}:LoadBalancingPolicy", policy));
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(one.Address, two.Address), settings);
        using var invoker = new HttpMessageInvoker(edge.Handler());
        var answered = 0;

        using var first = await edge.ConnectWebSocketAsync(invoker, HttpVersion.Version11);
        var other = one.Requests.Count == 1 ? "two" : "one";
        for (var i = 0; i < 6; i++) Assert.Equal(other, await NextAsync());

        using var second = await edge.ConnectWebSocketAsync(invoker, HttpVersion.Version20);
        first.Abort();
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_websocket_connections") == 1);

        for (var i = 0; i < 6; i++) Assert.NotEqual(other, await NextAsync());

        // A request counts for balancing until it is counted as answered, which may be after its response has come.
        async Task<string> NextAsync()
        {
            var body = (await edge.GetAsync("/api")).Body;
            answered++;
            await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_http_requests_total", ("route", "api")) == answered);
            return body;
        }
    }

    [Fact]
    public async Task Round_robin_gives_each_the_same_share()
    {
        await using var one = RecordingUpstream.Start();
        await using var two = RecordingUpstream.Start();
        await using var three = RecordingUpstream.Start();
        var settings = UpstreamsPage.With("LoadBalancingPolicy", ($"{Cluster}:LoadBalancingPolicy", "RoundRobin"));
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(one.Address, two.Address, three.Address), settings);

        for (var i = 0; i < 9; i++) await edge.GetAsync("/api");

        Assert.Equal([3, 3, 3], new[] { one, two, three }.Select(upstream => upstream.Requests.Count));
    }

    [Theory]
    [InlineData("/api")]
    [InlineData("/ws")]
    public async Task A_client_sticks_over_requests_and_WebSockets(string begins)
    {
        await using var one = RecordingUpstream.Start(Named("one"));
        await using var two = RecordingUpstream.Start(Named("two"));
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(one.Address, two.Address), UpstreamsPage.With("SessionAffinity"));
        var cookie = (await edge.GetAsync(begins, begins == "/ws" ? Upgrade : [])).Values("Set-Cookie").Single().Split(';')[0];
        var (mine, other) = one.Requests.Count == 1 ? (one, two) : (two, one);

        Assert.StartsWith("imgw=", cookie);
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(200, (await edge.GetAsync("/api", $"Cookie: {cookie}")).Status);
            Assert.Equal(101, (await edge.GetAsync("/ws", [.. Upgrade, $"Cookie: {cookie}"])).Status);
        }

        Assert.Equal(9, mine.Requests.Count);
        Assert.Empty(other.Requests);
    }

    [Fact]
    public async Task What_is_asked_and_does_not_answer_gets_nothing_until_it_does()
    {
        var isWell = true;
        await using var one = RecordingUpstream.Start(Named("one"));
        await using var two = RecordingUpstream.Start((connection, head) => head.StartsWith("GET /health", StringComparison.Ordinal) && !Volatile.Read(ref isWell)
            ? UpstreamScripts.Answer("", status: "500 Internal Server Error")(connection, head)
            : Named("two")(connection, head));
        var settings = UpstreamsPage.With("Active", ($"{Cluster}:HealthCheck:Active:Interval", "00:00:00.1"));
        settings[$"{Cluster}:LoadBalancingPolicy"] = "RoundRobin";
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(one.Address, two.Address), settings);

        Assert.Equal(["one", "two"], await NextBodiesAsync(edge));
        Volatile.Write(ref isWell, false);
        await UntilAsync(edge, bodies => bodies.SetEquals(["one"]));
        Volatile.Write(ref isWell, true);
        await UntilAsync(edge, bodies => bodies.SetEquals(["one", "two"]));
    }

    [Fact]
    public async Task What_keeps_failing_gets_nothing_for_a_while()
    {
        await using var upstream = RecordingUpstream.Start();
        var settings = UpstreamsPage.With("Passive");
        settings[$"{Cluster}:LoadBalancingPolicy"] = "RoundRobin";
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(Upstreams.Away(), upstream.Address), settings);

        // No client notices: a request that meets the stopped upstream goes to the other.
        for (var i = 0; i < 30; i++) Assert.Equal(200, (await edge.GetAsync("/api")).Status);
        var failures = (await edge.MetricsAsync()).Sum("imgw_upstream_errors_total");
        for (var i = 0; i < 10; i++) Assert.Equal(200, (await edge.GetAsync("/api")).Status);

        Assert.Equal(failures, (await edge.MetricsAsync()).Sum("imgw_upstream_errors_total"));
        Assert.InRange(failures, 10, 15);
    }

    static UpstreamScript Named(string name) => (connection, head) => head.Contains("Upgrade: websocket", StringComparison.OrdinalIgnoreCase)
        ? UpstreamScripts.UpgradeAndEcho(connection, head)
        : UpstreamScripts.Answer(name)(connection, head);

    static async Task<SortedSet<string>> NextBodiesAsync(ProxyHost edge) =>
        [(await edge.GetAsync("/api")).Body, (await edge.GetAsync("/api")).Body, (await edge.GetAsync("/api")).Body];

    static async Task UntilAsync(ProxyHost edge, Func<SortedSet<string>, bool> condition)
    {
        using var limit = new CancellationTokenSource(Upstreams.Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!condition(await NextBodiesAsync(edge))) await timer.WaitForNextTickAsync(limit.Token);
    }
}
