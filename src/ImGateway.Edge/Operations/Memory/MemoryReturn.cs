using ImGateway.Edge.Connections;
using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Tls;
using ImGateway.Edge.WebSockets;

namespace ImGateway.Edge.Operations.Memory;

/// <summary>
/// Gives memory back when a crowd of sockets has gone. Nothing else would: with its sockets an edge loses its allocations, so that the garbage of
/// thousands of connections is never collected; and of what OpenSSL freed, glibc returns only what happens to lie at the end of an arena.
/// What handshakes needed is given back while a storm goes on: the next one would be worked off in other arenas, and keep theirs as well.
/// And bounds what is not collected while connections come and go: they live long enough to end in the oldest generation, which the collector of
/// a machine with much memory lets grow for many minutes.
/// </summary>
sealed partial class MemoryReturn(WebSocketRegistry sockets, BlockPools pools, ITlsEngine engine, TimeProvider time, ILogger<MemoryReturn> logger) : BackgroundService
{
    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>Where no crowd of sockets tells that it is over, buffers go slowly: half of the idle ones in two minutes.</summary>
    const int LooksPerTwentieth = 10;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var (ebb, surplus, growth) = (new Ebb(), new Surplus(), new Overgrowth());
        if (!engine.ReleasesBuffersWhenIdle) BuffersAreKept();
        var looks = 0;
        await Rounds.RunAsync(LookEvery, time, Look, LookFailed, stoppingToken);

        void Look()
        {
            if (ebb.Look(sockets.Count)) GiveBack();
            else if (++looks % LooksPerTwentieth == 0) pools.Release(20);
            if (surplus.Look(NativeHeap.InUse)) NativeHeap.Trim();
            // In the background: nobody waits for it.
            if (growth.Look(GC.GetTotalMemory(forceFullCollection: false), GC.CollectionCount(GC.MaxGeneration)))
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false);
        }
    }

    void GiveBack()
    {
        var before = Environment.WorkingSet;
        pools.Release(1);
        // In this order: what is collected frees memory of OpenSSL's as well. The pause is for what is still alive, of which there is little.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        NativeHeap.Trim();
        Returned(before >> 20, Environment.WorkingSet >> 20);
    }

    [LoggerMessage(1, LogLevel.Information, "Many sockets have closed: resident memory {Before} MB before, {After} MB after giving back what they used")]
    partial void Returned(long before, long after);

    [LoggerMessage(2, LogLevel.Information, "This runtime does not let OpenSSL's record buffers go: each open connection takes some 33 KB more")]
    partial void BuffersAreKept();

    [LoggerMessage(3, LogLevel.Error, "A check of the memory in use failed; the next is in a second")]
    partial void LookFailed(Exception exception);
}
