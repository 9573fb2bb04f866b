namespace ImGateway.Edge.Connections;

/// <summary>Connections that have sent nothing yet, the oldest first, with what ends the wait for them.</summary>
/// <param name="most">How many there may be; one more ends the oldest.</param>
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

    /// <param name="wait">Cancelled to end it. Its owner may use it for something else once the connection has left.</param>
    public Silence Enter(CancellationTokenSource wait)
    {
        lock (_lock)
        {
            if (_waiting.Count >= most) EndOldest();
            return new Silence(this, _waiting.AddLast((wait, time.GetTimestamp())));
        }
    }

    public void EndOlderThan(TimeSpan age)
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
            // Null where it has been ended.
            if (node.List is not null) _waiting.Remove(node);
        }
    }

    /// <summary>Within the lock: after <see cref="Leave"/> nobody may cancel what has another use by then.</summary>
    void EndOldest()
    {
        var (wait, _) = _waiting.First!.Value;
        _waiting.RemoveFirst();
        wait.Cancel();
    }

    /// <summary>A connection that has sent nothing.</summary>
    public readonly struct Silence(SilentConnections all, LinkedListNode<(CancellationTokenSource, long)> node)
    {
        /// <summary>It has sent something, or nothing is waited for any more. May be called again.</summary>
        public void End() => all?.Leave(node);
    }
}
