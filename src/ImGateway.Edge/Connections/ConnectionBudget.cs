namespace ImGateway.Edge.Connections;

/// <summary>
/// How many connections the machine allows, so that none of its limits is ever met: .NET needs descriptors to start a thread and ends the process
/// where it gets none. A connection of a client keeps two, one of them for a connection to the gateway; a client over HTTP/2 may have
/// more of those, which count from when they are made.
/// </summary>
sealed class ConnectionBudget : ILimitSource
{
    /// <summary>
    /// What the process may need beside connections and what it has open anyway: 40 for the management port (<see cref="ManagementPlaces"/>) and the control
    /// socket, 32 for the pipes by which .NET starts sixteen threads at once, 24 for a dozen assemblies that it loads when they are first needed and keeps
    /// open, 32 for certificates, the store, logs, name servers, CAs and hook programs.
    /// </summary>
    public const int Reserve = 128;

    /// <summary>Assumed of the process itself until it has been counted, most of it assemblies.</summary>
    const int FewestOthers = 200;

    readonly Lock _lock = new();
    int _limit = int.MaxValue, _others = FewestOthers;
    int _clients, _upstreams, _places = int.MaxValue;

    /// <summary>From 0 to 1, how much of what there is for connections is taken.</summary>
    public double Fullness
    {
        get
        {
            lock (_lock) return Math.Clamp(Math.Max((double)Taken / Math.Max(1, ForConnections), (double)Sockets / _places), 0, 1);
        }
    }

    int ForConnections => _limit - Reserve - _others;

    int Taken => _clients + Sockets;

    /// <summary>What takes memory: clients, and of clients over HTTP/2 each WebSocket, which has a connection to the gateway of its own.</summary>
    int Sockets => Math.Max(_clients, _upstreams);

    /// <summary>Counts the connection of a client until <see cref="OnClosed"/>, or says why there is no room for it.</summary>
    public ConnectionRefusal TryAccept()
    {
        const int Each = 2;
        lock (_lock)
        {
            if (Taken + Each > ForConnections) return ConnectionRefusal.Descriptors;
            if (Sockets >= _places) return ConnectionRefusal.Memory;
            _clients++;
            return ConnectionRefusal.None;
        }
    }

    public void OnClosed()
    {
        lock (_lock) _clients--;
    }

    /// <summary>Counts a connection to the gateway until <see cref="OnDisconnected"/>; false: there is no room for it.</summary>
    public bool TryConnect()
    {
        lock (_lock)
        {
            if (_clients + _upstreams >= ForConnections || _upstreams >= _places) return false;
            _upstreams++;
            return true;
        }
    }

    public void OnDisconnected()
    {
        lock (_lock) _upstreams--;
    }

    /// <summary>To be called at intervals, for what is not counted here.</summary>
    /// <param name="limit">Descriptors that the process may have.</param>
    /// <param name="count">Counts those it has.</param>
    public void Adjust(int limit, Func<int?> count)
    {
        int before;
        lock (_lock) before = _clients + _upstreams;
        var open = count();
        lock (_lock)
        {
            _limit = limit;
            // Connections come and go while they are counted: in doubt there is less room.
            if (open is { } all) _others = Math.Max(FewestOthers, all - Math.Min(before, _clients + _upstreams));
        }
    }

    /// <summary>How many clients there is memory for.</summary>
    public void AllowFor(int clients)
    {
        lock (_lock) _places = clients;
    }

    public IEnumerable<LimitStatus> Limits()
    {
        var limits = new List<LimitStatus>();
        lock (_lock)
        {
            // What is kept for somebody counts as used, so that 100 % is where clients are refused.
            if (_limit < int.MaxValue) limits.Add(new LimitStatus("descriptors", Math.Min(_limit, _others + Reserve + Taken), _limit));
            if (_places < int.MaxValue) limits.Add(new LimitStatus("memory", Sockets, _places));
        }

        return limits;
    }
}
