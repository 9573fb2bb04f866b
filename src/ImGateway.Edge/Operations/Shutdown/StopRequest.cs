namespace ImGateway.Edge.Operations.Shutdown;

/// <summary>
/// The request to stop. A verb or the first signal requests a graceful stop; a second signal stops at once, as with nginx,
/// because an operator at a terminal or a unit file has no other way to shorten the drain.
/// </summary>
public sealed class StopRequest : IDisposable
{
    readonly CancellationTokenSource _asked = new();
    readonly CancellationTokenSource _atOnce = new();
    readonly TaskCompletionSource _whenAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _signals;

    /// <summary>Cancelled by the first request.</summary>
    public CancellationToken Requested => _asked.Token;

    /// <summary>Cancelled by the second signal.</summary>
    public CancellationToken Immediate => _atOnce.Token;

    public bool IsRequested => _asked.IsCancellationRequested;

    public Task WhenRequestedAsync() => _whenAsked.Task;

    public void RequestGracefulStop()
    {
        _asked.Cancel();
        _whenAsked.TrySetResult();
    }

    public void OnSignal()
    {
        if (Interlocked.Increment(ref _signals) > 1) _atOnce.Cancel();
        RequestGracefulStop();
    }

    public void Dispose()
    {
        _asked.Dispose();
        _atOnce.Dispose();
    }
}
