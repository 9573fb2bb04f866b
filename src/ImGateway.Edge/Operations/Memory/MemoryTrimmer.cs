using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Tls;
using ImGateway.Edge.WebSockets;

namespace ImGateway.Edge.Operations.Memory;

/// <summary>
/// Returns memory to the system after a burst of sockets. Nothing else would: once its sockets have closed nothing allocates, so no collection frees the
/// garbage of thousands of connections; and of the memory that OpenSSL freed, glibc returns only what happens to be at the end of an arena.
/// Memory of handshakes is returned while sockets are still open: it stays resident otherwise, and the handshakes of the next storm add to it.
/// docs/performance.md ("Memory mechanisms, on and off") has the figures of both.
/// </summary>
sealed partial class MemoryTrimmer(WebSocketRegistry sockets, ITlsEngine engine, TimeProvider time, ILogger<MemoryTrimmer> logger) : BackgroundService
{
    static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var (burstEnd, freed) = (new BurstEndDetector(), new FreedMemoryDetector());
        if (!engine.ReleasesBuffersWhenIdle) BuffersAreKept();
        await PeriodicTask.RunAsync(CheckEvery, time, Check, CheckFailed, stoppingToken);

        void Check()
        {
            if (burstEnd.HasEnded(sockets.Count)) ReturnMemory();
            if (freed.HasFallen(NativeHeap.InUse)) NativeHeap.Trim();
        }
    }

    void ReturnMemory()
    {
        var before = Environment.WorkingSet;
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
    partial void CheckFailed(Exception exception);
}
