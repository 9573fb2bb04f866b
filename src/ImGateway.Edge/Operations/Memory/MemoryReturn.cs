using ImGateway.Edge.Connections;
using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Tls;
using ImGateway.Edge.WebSockets;

namespace ImGateway.Edge.Operations.Memory;

/// <summary>
/// Returns memory to the system after a burst of sockets. Nothing else would: once its sockets have closed nothing allocates, so no collection frees the
/// garbage of thousands of connections; and of the memory that OpenSSL freed, glibc returns only what happens to be at the end of an arena.
/// Memory of handshakes is returned while a storm is still going on: the next storm would use other arenas, and keep their memory as well.
/// Also limits garbage while connections come and go: they live long enough to be promoted to the oldest generation, which the collector of
/// a machine with much memory lets grow for many minutes.
/// </summary>
sealed partial class MemoryReturn(WebSocketRegistry sockets, BlockPools pools, ITlsEngine engine, TimeProvider time, ILogger<MemoryReturn> logger) : BackgroundService
{
    static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(1);

    /// <summary>Without the end of a burst, buffers are released slowly: half of the idle ones in two minutes.</summary>
    const int ChecksPerRelease = 10;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var (ebb, surplus, growth) = (new Ebb(), new Surplus(), new Overgrowth());
        if (!engine.ReleasesBuffersWhenIdle) BuffersAreKept();
        var checks = 0;
        await Rounds.RunAsync(CheckEvery, time, Check, LookFailed, stoppingToken);

        void Check()
        {
            if (ebb.Look(sockets.Count)) ReturnMemory();
            else if (++checks % ChecksPerRelease == 0) pools.Release(20);
            if (surplus.Look(NativeHeap.InUse)) NativeHeap.Trim();
            // In the background, because no code waits for it.
            if (growth.Look(GC.GetTotalMemory(forceFullCollection: false), GC.CollectionCount(GC.MaxGeneration)))
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false);
        }
    }

    void ReturnMemory()
    {
        var before = Environment.WorkingSet;
        pools.Release(1);
        // In this order, because collected objects free memory of OpenSSL too. The pause depends on the live objects, of which there are few.
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
