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
        var waiting = Enumerable.Range(0, HoldQueue.MostHeld).Select(_ => queue.WaitAsync(new HeldRequest(NoDestinations, deadline), left.Token)).ToList();

        Assert.Equal(HoldEnd.Full, await queue.WaitAsync(new HeldRequest(NoDestinations, deadline), CancellationToken.None));

        Assert.DoesNotContain(waiting, wait => wait.IsCompleted);
        await left.CancelAsync();
        Assert.All(await Task.WhenAll(waiting), end => Assert.Equal(HoldEnd.Left, end));
        // Their places are free again.
        var late = new HeldRequest(NoDestinations, TimeProvider.System.GetTimestamp());
        Assert.Equal(HoldEnd.TimedOut, await queue.WaitAsync(late, CancellationToken.None));
    }

    [Fact]
    public async Task Who_has_left_before_does_not_wait()
    {
        await using var queue = Queue();

        Assert.Equal(HoldEnd.Left, await queue.WaitAsync(new HeldRequest(NoDestinations, long.MaxValue), new CancellationToken(canceled: true)));
    }

    static HoldQueue Queue()
    {
        var metrics = Metrics.WithCustomRegistry(Metrics.NewCustomRegistry());
        return new HoldQueue(new ProxyMetrics(metrics, new RefusedMetrics(metrics)), new AddressMemory(TimeProvider.System), TimeProvider.System, NullLogger<HoldQueue>.Instance);
    }
}
