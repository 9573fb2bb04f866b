using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Proxying;

public sealed class UpstreamPortsTests
{
    const string Metric = "imgw_upstream_ports_used";

    [Fact]
    public async Task A_destination_has_a_label_as_long_as_it_is_configured_or_connected_to()
    {
        await using var first = await EchoUpstream.StartAsync();
        await using var second = await EchoUpstream.StartAsync();
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(first.Address));
        using var invoker = new HttpMessageInvoker(edge.Handler());
        Assert.Equal([Of(first)], (await edge.MetricsAsync()).Values(Metric, "destination"));

        using (await edge.ConnectWebSocketAsync(invoker, new Version(1, 1)))
        {
            Assert.Equal(1, (await edge.MetricsAsync()).Sum(Metric, ("destination", Of(first))));
            await edge.ReloadAsync(ProxyHost.Options(second.Address));
            Assert.Equal([Of(first), Of(second)], (await edge.MetricsAsync()).Values(Metric, "destination").ToHashSet());
        }

        await edge.WaitForMetricsAsync(metrics => metrics.Sum(Metric) == 0);
        await edge.ReloadAsync(ProxyHost.Options(second.Address, Upstreams.Away()));
        Assert.DoesNotContain(Of(first), (await edge.MetricsAsync()).Values(Metric, "destination"));
    }

    static string Of(EchoUpstream upstream) => upstream.Address.GetLeftPart(UriPartial.Authority);
}
