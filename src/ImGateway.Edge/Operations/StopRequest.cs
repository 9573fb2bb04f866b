namespace ImGateway.Edge.Operations;

/// <summary>
/// Whether the edge is to stop, and how. In order however often a verb or a first signal asks; at once by a second signal, as with nginx:
/// whoever watches a terminal or a unit file knows no other way to say that it has taken long enough.
/// </summary>
public sealed class StopRequest : IDisposable
{
    readonly CancellationTokenSource _asked = new();
    readonly CancellationTokenSource _atOnce = new();
    readonly TaskCompletionSource _whenAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _signals;

    /// <summary>From the first request on.</summary>
    public CancellationToken Asked => _asked.Token;

    /// <summary>From the second signal on.</summary>
    public CancellationToken AtOnce => _atOnce.Token;

    public bool IsAsked => _asked.IsCancellationRequested;

    public Task WhenAskedAsync() => _whenAsked.Task;

    public void InOrder()
    {
        _asked.Cancel();
        _whenAsked.TrySetResult();
    }

    public void OnSignal()
    {
        if (Interlocked.Increment(ref _signals) > 1) _atOnce.Cancel();
        InOrder();
    }

    public void Dispose()
    {
        _asked.Dispose();
        _atOnce.Dispose();
    }
}
