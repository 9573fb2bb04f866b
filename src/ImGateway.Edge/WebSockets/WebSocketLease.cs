using ImGateway.Edge.Connections;

namespace ImGateway.Edge.WebSockets;

/// <summary>Observes the end of a WebSocket; called once.</summary>
interface IWebSocketObserver
{
    /// <param name="socket">Null, like <paramref name="end"/>, if the upgrade failed.</param>
    void OnEnded(OpenWebSocket? socket, RelayOutcome? end);
}

/// <summary>
/// The resources of one WebSocket from its request to its end: a slot of <c>Limits:WebSockets</c>; from the upstream's 101, the connection to the
/// upstream; from the upgrade, an entry in the registry; and the observers of its end. It refers to no request, so that it can be handed over. It belongs
/// to the lease of its connection, which releases it at the latest. Released exactly once.
/// </summary>
sealed class WebSocketLease : IDisposable
{
    readonly Lock _lock = new();
    readonly WebSocketLeases _leases;
    readonly ConnectionLease? _connection;
    readonly string _route;
    List<IWebSocketObserver>? _observers;
    Stream? _upstream;
    IWebSocketObserver? _destination;
    WebSocketRelay? _relay;
    RelayOutcome? _end;
    bool _isReleased;

    internal WebSocketLease(WebSocketLeases leases, ConnectionLease? connection, string route)
    {
        (_leases, _connection, _route) = (leases, connection, route);
        connection?.Add(this);
    }

    /// <summary>Null until both sides are upgraded.</summary>
    public OpenWebSocket? Socket => _relay;

    /// <summary>Null until it has ended.</summary>
    public RelayOutcome? End => _end;

    /// <summary>Whether the upstream has granted the upgrade.</summary>
    public bool IsGranted => _upstream is not null;

    /// <summary>Takes ownership of the upstream's stream after its 101; replaces the stream of an earlier attempt that failed after its own 101.</summary>
    /// <param name="destination">Counts the socket at the upstream that granted it; notified when another attempt replaces it, otherwise at its end.</param>
    public void Grant(Stream upstream, IWebSocketObserver destination)
    {
        Stream? ended;
        IWebSocketObserver? endedDestination;
        lock (_lock)
        {
            (ended, endedDestination) = _isReleased ? (upstream, destination) : (_upstream, _destination);
            (_upstream, _destination) = (upstream, destination);
        }

        ended?.Dispose();
        endedDestination?.OnEnded(socket: null, end: null);
    }

    /// <summary>Notifies <paramref name="observer"/> of the end; at once if the socket has ended already.</summary>
    public void Observe(IWebSocketObserver observer)
    {
        lock (_lock)
        {
            if (!_isReleased)
            {
                (_observers ??= new(capacity: 2)).Add(observer);
                return;
            }
        }

        observer.OnEnded(_relay, _end);
    }

    /// <summary>Marks the socket as open after the client's side has been upgraded.</summary>
    /// <exception cref="InvalidOperationException">The lease has been released: the connection was closed.</exception>
    public void Open(Stream client)
    {
        var registry = _leases.Registry;
        lock (_lock)
        {
            if (_isReleased) throw new InvalidOperationException("The connection of the WebSocket was closed before its upgrade.");
            _relay = new WebSocketRelay(_route, client, _upstream!, registry.Metrics, registry.Time);
            registry.Add(_relay);
        }
    }

    /// <summary>Relays until both sides have ended, and releases the lease. False: the client's side must be aborted.</summary>
    /// <param name="clientClosed">Signals that the client's connection is closed; bytes received before may not have been read yet.</param>
    public async Task<bool> RelayAsync(CancellationToken clientClosed)
    {
        using var relay = _relay;
        if (relay is null) return false;
        var end = new RelayOutcome(ClosedBy.Error, IsGraceful: false);
        try
        {
            await using var closed = clientClosed.UnsafeRegister(static relay => ((WebSocketRelay)relay!).OnClientDisconnected(), relay);
            end = await relay.RunAsync();
        }
        finally
        {
            Release(end);
        }

        return end.IsGraceful;
    }

    /// <summary>Aborts the socket and releases the lease.</summary>
    public void Dispose()
    {
        Release(end: null);
        _relay?.Abort(ClosedBy.Client);
    }

    void Release(RelayOutcome? end)
    {
        Stream? upstream;
        IWebSocketObserver? destination;
        lock (_lock)
        {
            if (_isReleased) return;
            _isReleased = true;
            _end = end ?? (_relay is null ? null : new RelayOutcome(ClosedBy.Client, IsGraceful: false));
            (upstream, destination) = (_upstream, _destination);
        }

        upstream?.Dispose();
        try
        {
            destination?.OnEnded(_relay, _end);
            foreach (var observer in _observers ?? []) observer.OnEnded(_relay, _end);
        }
        finally
        {
            if (_relay is not null) _leases.Registry.Remove(_relay, _end!.By);
            _leases.Return();
            _connection?.Remove(this);
        }
    }
}
