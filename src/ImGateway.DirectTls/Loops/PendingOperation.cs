using System.Threading.Tasks.Sources;

namespace ImGateway.DirectTls.Loops;

/// <summary>
/// An operation that waits for its descriptor, awaited by one consumer at a time. Allocated once and used again. It is ended under the lock of its owner
/// and completed after the lock was released, because the consumer continues within <see cref="Complete"/>.
/// </summary>
/// <param name="loop">The loop that watches the descriptor.</param>
/// <param name="gate">The lock of the owner.</param>
sealed class PendingOperation<TResult>(EventLoop loop, Lock gate) : IValueTaskSource<TResult>, IValueTaskSource, IThreadPoolWorkItem
{
    TResult? _result;
    Exception? _failure;
    CancellationToken _token;
    CancellationTokenRegistration _registration;
    ManualResetValueTaskSourceCore<TResult> _source;

    /// <summary>Under the lock.</summary>
    public bool IsWaiting { get; private set; }

    /// <summary>Begins to wait. Under the lock.</summary>
    /// <returns>The token of the value task.</returns>
    /// <exception cref="InvalidOperationException">Another consumer waits.</exception>
    public short Begin(CancellationToken cancellationToken)
    {
        if (IsWaiting) throw new InvalidOperationException("The operation is in progress already.");
        _source.Reset();
        (IsWaiting, _token) = (true, cancellationToken);
        var version = _source.Version;
        // May call back at once, on this thread, which holds the lock.
        if (cancellationToken.CanBeCanceled)
        {
            var registration = cancellationToken.UnsafeRegister(static (operation, token) => ((PendingOperation<TResult>)operation!).Cancel(token), this);
            if (IsWaiting) _registration = registration;
        }

        return version;
    }

    /// <summary>As <see cref="Begin"/>.</summary>
    public ValueTask<TResult> Wait(CancellationToken cancellationToken) => new(this, Begin(cancellationToken));

    /// <summary>Ends the waiting. Under the lock; <see cref="Complete"/> or <see cref="CompleteOnPool"/> must follow.</summary>
    public void End(TResult result) => End(result, failure: null);

    /// <summary>Ends the waiting. Under the lock; <see cref="Complete"/> or <see cref="CompleteOnPool"/> must follow.</summary>
    public void Fail(Exception failure) => End(default, failure);

    /// <summary>The consumer continues on this thread, the loop's, if the loop has time for it; otherwise on the thread pool.</summary>
    public void Complete()
    {
        if (loop.IsOverBudget) CompleteOnPool();
        else Finish();
    }

    /// <summary>The consumer continues on the thread pool: for callers that are not the loop, and may hold locks.</summary>
    public void CompleteOnPool() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);

    void IThreadPoolWorkItem.Execute() => Finish();

    TResult IValueTaskSource<TResult>.GetResult(short token) => _source.GetResult(token);

    void IValueTaskSource.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<TResult>.GetStatus(short token) => _source.GetStatus(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<TResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    void End(TResult? result, Exception? failure)
    {
        (_result, _failure, IsWaiting) = (result, failure, false);
        // Does not wait for a callback that is running: it finds IsWaiting false.
        _registration.Unregister();
        _registration = default;
    }

    void Finish()
    {
        var (result, failure) = (_result, _failure);
        (_result, _failure) = (default, null);
        if (failure is null) _source.SetResult(result!);
        else _source.SetException(failure);
    }

    void Cancel(CancellationToken token)
    {
        lock (gate)
        {
            if (!IsWaiting || _token != token) return;
            Fail(new OperationCanceledException(token));
        }

        CompleteOnPool();
    }
}
