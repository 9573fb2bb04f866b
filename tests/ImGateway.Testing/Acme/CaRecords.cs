namespace ImGateway.Testing;

/// <summary>What was asked so far, and a way to wait for more.</summary>
sealed class CaRecords
{
    readonly Lock _lock = new();
    readonly List<CaRequest> _requests = [];
    TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<CaRequest> All
    {
        get
        {
            lock (_lock) return [.. _requests];
        }
    }

    /// <summary>Completes at the next change after this was read.</summary>
    public Task Changed
    {
        get
        {
            lock (_lock) return _changed.Task;
        }
    }

    public void Add(CaRequest request)
    {
        lock (_lock) _requests.Add(request);
        Signal();
    }

    public void Signal()
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }
}
