using ImGateway.DirectTls.Loops;

namespace ImGateway.DirectTls.Transport;

/// <summary>What <see cref="DirectConnection.ConnectionClosed"/> is: created when it is first asked for. Not thread-safe: called under the lock of its connection.</summary>
sealed class ClosedToken(EventLoop loop)
{
    CancellationTokenSource? _source;
    bool _isCancelled;

    public CancellationToken Token => _isCancelled && _source is null ? new CancellationToken(canceled: true) : (_source ??= new()).Token;

    /// <summary>Cancels it, on a thread of the pool: its callbacks may take long.</summary>
    public void Cancel()
    {
        if (_isCancelled) return;
        _isCancelled = true;
        if (_source is not null) ThreadPool.UnsafeQueueUserWorkItem(static closed => closed.RunCallbacks(), this, preferLocal: false);
    }

    void RunCallbacks()
    {
        try
        {
            _source!.Cancel();
        }
        catch (AggregateException e)
        {
            // A callback's fault must not end the process.
            loop.HandlerFails(e);
        }
    }
}
