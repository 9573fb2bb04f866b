namespace ImGateway.Edge.Operations.Shutdown;

/// <summary>
/// The request to stop. A verb or the first signal requests a graceful stop; a second signal stops at once, as with nginx,
/// because an operator at a terminal or a unit file has no other way to shorten the drain.
/// </summary>
public sealed class StopRequest : IDisposable
{
    readonly CancellationTokenSource _requested = new();
    readonly CancellationTokenSource _immediate = new();
    readonly TaskCompletionSource _whenRequested = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _signals;

    /// <summary>Cancelled by the first request.</summary>
    public CancellationToken Requested => _requested.Token;

    /// <summary>Cancelled by the second signal.</summary>
    public CancellationToken Immediate => _immediate.Token;

    public bool IsRequested => _requested.IsCancellationRequested;

    public Task WhenRequestedAsync() => _whenRequested.Task;

    public void RequestGracefulStop()
    {
        _requested.Cancel();
        _whenRequested.TrySetResult();
    }

    public void OnSignal()
    {
        if (Interlocked.Increment(ref _signals) > 1) _immediate.Cancel();
        RequestGracefulStop();
    }

    public void Dispose()
    {
        _requested.Dispose();
        _immediate.Dispose();
    }
}
