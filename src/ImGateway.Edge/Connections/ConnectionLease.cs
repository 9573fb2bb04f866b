namespace ImGateway.Edge.Connections;

/// <summary>
/// What one connection of a client holds: from accept on its place in the budget and in the count that a drain waits for, then its place under the limits,
/// and the lease of each WebSocket on it, of which there is at most one over HTTP/1.1. All of it is released once, when the socket is closed.
/// </summary>
sealed class ConnectionLease(ClientConnection connection, ClientConnections all)
{
    readonly Lock _lock = new();
    Admission _admission;
    List<IDisposable>? _parts;
    bool _isReleased;

    /// <summary>Has <paramref name="admission"/> count until the lease is released.</summary>
    public void Hold(Admission admission)
    {
        lock (_lock)
        {
            if (!_isReleased)
            {
                _admission = admission;
                return;
            }
        }

        admission.Dispose();
    }

    /// <summary>Disposes of <paramref name="part"/> when the lease is released, unless it is removed before.</summary>
    public void Add(IDisposable part)
    {
        lock (_lock)
        {
            if (!_isReleased)
            {
                (_parts ??= new(capacity: 1)).Add(part);
                return;
            }
        }

        part.Dispose();
    }

    public void Remove(IDisposable part)
    {
        lock (_lock) _parts?.Remove(part);
    }

    /// <summary>True once.</summary>
    public bool TryRelease()
    {
        IDisposable[] parts;
        lock (_lock)
        {
            if (_isReleased) return false;
            _isReleased = true;
            parts = _parts is null ? [] : [.. _parts];
        }

        foreach (var part in parts) part.Dispose();
        _admission.Dispose();
        all.OnClosed(connection);
        return true;
    }
}
