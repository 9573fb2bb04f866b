using System.Runtime.CompilerServices;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Proxying;

public sealed class CurrentRequestConfigurationTests
{
    [Fact]
    public async Task Of_an_old_configuration_nothing_is_left()
    {
        await using var upstream = RecordingUpstream.Start();
        var options = ProxyHost.Options(upstream.Address);
        await using var edge = await ProxyHost.StartAsync(options);
        Assert.Equal(200, (await edge.GetAsync("/api")).Status);
        var old = Weak(edge);

        for (var i = 0; i < 3; i++)
        {
            await edge.ReloadAsync(options with { Routes = ["/api", "/more"], WebSockets = new WebSocketsSection { Routes = [] } });
            Assert.Equal(200, (await edge.GetAsync("/more")).Status);
        }

        for (var attempt = 0; attempt < 20 && old.IsAlive; attempt++)
        {
            GC.Collect();
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        Assert.False(old.IsAlive);
    }

    [Fact]
    public async Task A_request_under_way_on_a_route_that_goes_is_answered()
    {
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var upstream = RecordingUpstream.Start(async (connection, head) =>
        {
            asked.TrySetResult();
            await answer.Task;
            await UpstreamScripts.Answer("late")(connection, head);
        });
        await using var other = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address) with { Routes = ["/ws", "/old"] });
        var waiting = edge.GetAsync("/old");
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        await edge.ReloadAsync(ProxyHost.Options(other.Address) with { Routes = ["/ws", "/new"] });
        answer.SetResult();

        Assert.Equal("late", (await waiting).Body);
        Assert.Equal(404, (await edge.GetAsync("/old")).Status);
        Assert.Equal("hello", (await edge.GetAsync("/new")).Body);
    }

    [Fact]
    public async Task Passive_health_checks_can_be_switched_on()
    {
        await using var upstream = RecordingUpstream.Start();
        var options = ProxyHost.Options(upstream.Address, new Uri("http://127.0.0.1:9"));
        await using var edge = await ProxyHost.StartAsync(options);

        await edge.ReloadAsync(options, new Dictionary<string, string?>
        {
            ["ReverseProxy:Clusters:gateway:LoadBalancingPolicy"] = "RoundRobin",
            ["ReverseProxy:Clusters:gateway:HealthCheck:Passive:Enabled"] = "true",
            ["ReverseProxy:Clusters:gateway:HealthCheck:Passive:Policy"] = "TransportFailureRate",
            ["ReverseProxy:Clusters:gateway:Metadata:TransportFailureRateHealthPolicy.RateLimit"] = "0.01",
            ["ReverseProxy:Clusters:gateway:HealthCheck:AvailableDestinationsPolicy"] = "HealthyOrPanic",
        });

        // The policy judges from its tenth request on.
        for (var i = 0; i < 40; i++) await edge.GetAsync("/api");
        for (var i = 0; i < 4; i++) Assert.Equal(200, (await edge.GetAsync("/api")).Status);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static WeakReference Weak(ProxyHost edge) => new(edge.Pipeline);
}
