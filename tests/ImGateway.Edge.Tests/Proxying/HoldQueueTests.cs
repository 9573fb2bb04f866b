using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.Proxying.Upstream;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;
using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Tests.Proxying;

public sealed class HoldQueueTests
{
    static readonly ClusterState NoDestinations = new("gateway");

    [Fact]
    public async Task More_than_memory_allows_do_not_wait()
    {
        await using var queue = Queue();
        var deadline = TimeProvider.System.GetTimestamp() + (TimeProvider.System.TimestampFrequency * 60);
        using var left = new CancellationTokenSource();
        var waiting = Enumerable.Range(0, HoldQueue.MaxHeld).Select(_ => queue.WaitAsync(new HeldRequest(NoDestinations, deadline), left.Token)).ToList();

        Assert.Equal(HoldResult.Full, await queue.WaitAsync(new HeldRequest(NoDestinations, deadline), CancellationToken.None));

        Assert.DoesNotContain(waiting, wait => wait.IsCompleted);
        await left.CancelAsync();
        Assert.All(await Task.WhenAll(waiting), end => Assert.Equal(HoldResult.ClientDisconnected, end));
        // Their places are free again.
        var late = new HeldRequest(NoDestinations, TimeProvider.System.GetTimestamp());
        Assert.Equal(HoldResult.TimedOut, await queue.WaitAsync(late, CancellationToken.None));
    }

    [Fact]
    public async Task Who_has_left_before_does_not_wait()
    {
        await using var queue = Queue();

        Assert.Equal(HoldResult.ClientDisconnected, await queue.WaitAsync(new HeldRequest(NoDestinations, long.MaxValue), new CancellationToken(canceled: true)));
    }

    static HoldQueue Queue()
    {
        var metrics = Metrics.WithCustomRegistry(Metrics.NewCustomRegistry());
        return new HoldQueue(new ProxyMetrics(metrics, new RefusalMetrics(metrics)), new FailedAddresses(TimeProvider.System), TimeProvider.System, NullLogger<HoldQueue>.Instance);
    }
}
