namespace ImGateway.Edge.Connections.Limits;

/// <summary>
/// The number of connections that descriptors and memory allow, with a reserve: .NET needs descriptors to start a thread, and terminates the process
/// without them. A client connection counts as two descriptors, one of them for a connection to the gateway; a client over HTTP/2 may have
/// more upstream connections, which are counted when they are opened.
/// </summary>
sealed class ConnectionBudget : ILimitSource
{
    /// <summary>
    /// The reserve of descriptors, beside those open at start: 40 for the management port (<see cref="ManagementConnectionLimit"/>) and the control
    /// socket, 32 for the pipes with which .NET starts sixteen threads at once, 24 for assemblies that .NET loads at first use and keeps
    /// open, 32 for certificates, the store, logs, name servers, CAs and hook programs.
    /// </summary>
    public const int Reserve = 128;

    /// <summary>The assumed number of other descriptors until they have been counted; most are assemblies.</summary>
    const int FewestOthers = 200;

    readonly Lock _lock = new();
    int _limit = int.MaxValue, _others = FewestOthers;
    int _clients, _upstreams, _memoryLimit = int.MaxValue;

    /// <summary>The used share of the budget, from 0 to 1.</summary>
    public double UsedShare
    {
        get
        {
            lock (_lock) return Math.Clamp(Math.Max((double)Taken / Math.Max(1, ForConnections), (double)Sockets / _memoryLimit), 0, 1);
        }
    }

    int ForConnections => _limit - Reserve - _others;

    int Taken => _clients + Sockets;

    /// <summary>Connections counted for memory: clients, and for HTTP/2 clients each WebSocket, which has its own upstream connection.</summary>
    int Sockets => Math.Max(_clients, _upstreams);

    /// <summary>Counts a client connection until <see cref="OnClosed"/>, or returns the reason for a refusal.</summary>
    public ConnectionRefusal TryAccept()
    {
        const int Each = 2;
        lock (_lock)
        {
            if (Taken + Each > ForConnections) return ConnectionRefusal.Descriptors;
            if (Sockets >= _memoryLimit) return ConnectionRefusal.Memory;
            _clients++;
            return ConnectionRefusal.None;
        }
    }

    public void OnClosed()
    {
        lock (_lock) _clients--;
    }

    /// <summary>Counts a connection to the gateway until <see cref="OnUpstreamDisconnected"/>. False if the budget is exhausted.</summary>
    public bool TryConnectUpstream()
    {
        lock (_lock)
        {
            if (_clients + _upstreams >= ForConnections || _upstreams >= _memoryLimit) return false;
            _upstreams++;
            return true;
        }
    }

    public void OnUpstreamDisconnected()
    {
        lock (_lock) _upstreams--;
    }

    /// <summary>Updates, at intervals, the number of descriptors in use beside connections.</summary>
    /// <param name="limit">The limit of descriptors of the process.</param>
    /// <param name="count">Counts the open descriptors.</param>
    public void UpdateOpenFiles(int limit, Func<int?> count)
    {
        int before;
        lock (_lock) before = _clients + _upstreams;
        var open = count();
        lock (_lock)
        {
            _limit = limit;
            // Connections open and close during the count: use the result that leaves less room.
            if (open is { } all) _others = Math.Max(FewestOthers, all - Math.Min(before, _clients + _upstreams));
        }
    }

    /// <summary>Sets the number of clients that memory allows.</summary>
    public void SetMemoryLimit(int clients)
    {
        lock (_lock) _memoryLimit = clients;
    }

    public IEnumerable<LimitStatus> Limits()
    {
        var limits = new List<LimitStatus>();
        lock (_lock)
        {
            // Reserved descriptors count as used, so that clients are refused at 100 %.
            if (_limit < int.MaxValue) limits.Add(new LimitStatus("descriptors", Math.Min(_limit, _others + Reserve + Taken), _limit));
            if (_memoryLimit < int.MaxValue) limits.Add(new LimitStatus("memory", Sockets, _memoryLimit));
        }

        return limits;
    }
}
