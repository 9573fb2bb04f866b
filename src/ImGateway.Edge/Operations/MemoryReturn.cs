using ImGateway.Edge.Connections;
using ImGateway.Edge.WebSockets;

namespace ImGateway.Edge.Operations;

/// <summary>
/// Gives memory back when a crowd of sockets has gone. Nothing else would: with its sockets an edge loses its allocations, so that the garbage of
/// thousands of connections is never collected; and of what OpenSSL freed, glibc returns only what happens to lie at the end of an arena.
/// </summary>
sealed partial class MemoryReturn(WebSocketRegistry sockets, BlockPools pools, TimeProvider time, ILogger<MemoryReturn> logger) : BackgroundService
{
    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>Where no crowd of sockets tells that it is over, buffers go slowly: half of the idle ones in two minutes.</summary>
    const int LooksPerTwentieth = 10;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var ebb = new Ebb();
        var looks = 0;
        using var timer = new PeriodicTimer(LookEvery, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (ebb.Look(sockets.Count)) GiveBack();
            else if (++looks % LooksPerTwentieth == 0) pools.Release(20);
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
}

/// <summary>Tells when a crowd has gone: half of the most there were, and for a while hardly anybody more.</summary>
sealed class Ebb
{
    /// <summary>Fewer have not used enough to be worth a collection.</summary>
    public const int Crowd = 500;

    /// <summary>
    /// Looks in a row at which hardly anybody had left: a drain is waited for, and what Kestrel keeps of ended HTTP/2 streams for five seconds, so that one
    /// collection takes it all.
    /// </summary>
    public const int CalmLooks = 15;

    int _most, _last, _calm;

    /// <summary>To be called at intervals. True once for each crowd that has gone.</summary>
    public bool Look(int open)
    {
        _calm = _last - open <= _most / 100 ? _calm + 1 : 0;
        _last = open;
        _most = Math.Max(_most, open);
        if (_most - open < Crowd || open > _most / 2 || _calm < CalmLooks) return false;
        _most = open;
        return true;
    }
}
