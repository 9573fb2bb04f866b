using System.Collections.Concurrent;

namespace ImGateway.Edge.Tls;

/// <summary>A pool of cancellation sources with the handshake time-out; sources that have not fired are reused.</summary>
sealed class HandshakeTimeoutPool(TimeSpan timeout, TimeProvider time)
{
    const int Kept = 256;

    readonly ConcurrentQueue<CancellationTokenSource> _idle = new();

    public CancellationTokenSource Rent()
    {
        if (!_idle.TryDequeue(out var source)) return new CancellationTokenSource(timeout, time);
        source.CancelAfter(timeout);
        return source;
    }

    public void Return(CancellationTokenSource source)
    {
        if (_idle.Count < Kept && source.TryReset()) _idle.Enqueue(source);
        else source.Dispose();
    }
}
