namespace ImGateway.Edge.Connections.Limits;

/// <summary>Connections that have sent nothing yet, oldest first, with the token source that cancels the wait for each.</summary>
/// <param name="most">The largest number; one more cancels the oldest.</param>
sealed class SilentConnections(TimeProvider time, int most = int.MaxValue)
{
    readonly Lock _lock = new();
    readonly LinkedList<(CancellationTokenSource Wait, long Since)> _waiting = new();

    public int Count
    {
        get
        {
            lock (_lock) return _waiting.Count;
        }
    }

    /// <param name="wait">Cancelled to close the connection. The owner may reuse it once the connection has left.</param>
    public Registration Enter(CancellationTokenSource wait)
    {
        lock (_lock)
        {
            if (_waiting.Count >= most) EndOldest();
            return new Registration(this, _waiting.AddLast((wait, time.GetTimestamp())));
        }
    }

    public void CancelOlderThan(TimeSpan age)
    {
        lock (_lock)
        {
            while (_waiting.First is { } oldest && time.GetElapsedTime(oldest.Value.Since) >= age) EndOldest();
        }
    }

    void Leave(LinkedListNode<(CancellationTokenSource, long)> node)
    {
        lock (_lock)
        {
            // Null if it has been cancelled already.
            if (node.List is not null) _waiting.Remove(node);
        }
    }

    /// <summary>Cancels within the lock: after <see cref="Leave"/> the source may be reused and must not be cancelled.</summary>
    void EndOldest()
    {
        var (wait, _) = _waiting.First!.Value;
        _waiting.RemoveFirst();
        wait.Cancel();
    }

    /// <summary>A connection that has sent nothing.</summary>
    public readonly struct Registration(SilentConnections all, LinkedListNode<(CancellationTokenSource, long)> node)
    {
        /// <summary>Removes the connection, because it has sent something or is no longer waited for. May be called again.</summary>
        public void End() => all?.Leave(node);
    }
}
