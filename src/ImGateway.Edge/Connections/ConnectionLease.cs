namespace ImGateway.Edge.Connections;

/// <summary>
/// The resources of one client connection: from accept, its share of the budget and of the count that a drain waits for; then its share of the limits,
/// and the lease of each WebSocket on it (over HTTP/1.1 at most one). Released exactly once, when the socket is closed.
/// </summary>
sealed class ConnectionLease(ClientConnection connection, ClientConnections all)
{
    readonly Lock _lock = new();
    Admission _admission;
    List<IDisposable>? _parts;
    bool _isReleased;

    /// <summary>Holds <paramref name="admission"/> until the lease is released.</summary>
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

    /// <summary>Disposes <paramref name="part"/> when the lease is released, unless it was removed before.</summary>
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

    /// <summary>Releases the lease. Returns true once.</summary>
    public bool TryRelease()
    {
        List<IDisposable>? parts;
        lock (_lock)
        {
            if (_isReleased) return false;
            _isReleased = true;
            (parts, _parts) = (_parts, null);
        }

        try
        {
            if (parts is not null)
            {
                foreach (var part in parts) part.Dispose();
            }
        }
        finally
        {
            // Also if a part fails: otherwise the connection would stay counted and hold up a drain.
            _admission.Dispose();
            all.OnClosed(connection);
        }

        return true;
    }
}
