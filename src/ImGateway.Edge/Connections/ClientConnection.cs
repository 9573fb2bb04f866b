using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace ImGateway.Edge.Connections;

/// <summary>
/// A connection to a public listener, also available as a connection feature. Knows when a graceful shutdown may close it. Counted from accept until its
/// socket is closed.
/// </summary>
sealed class ClientConnection : BoundedCloseConnection
{
    readonly ClientConnections _all;
    IConnectionLifetimeNotificationFeature? _lifetime;
    Use _use;
    bool _isReleasedAfterDisconnect;
    int _checks;

    public ClientConnection(ConnectionContext transport, ClientConnections all, SlowCloseMonitor slowCloses)
        : base(transport, slowCloses) => (_all, Lease) = (all, new ConnectionLease(this, all));

    enum Use
    {
        /// <summary>No request yet: a client that has just connected is not closed without a response.</summary>
        Unused,

        /// <summary>Kestrel can close it after the responses in progress, over HTTP/2 with GOAWAY (RFC 9113 §6.8).</summary>
        Closable,

        /// <summary>An HTTP/1.1 upgrade: on RequestClose Kestrel would stop reading, although the connection may be a WebSocket by now.</summary>
        Upgrading,
    }

    /// <summary>The resources that the connection holds until its socket is closed.</summary>
    public ConnectionLease Lease { get; }

    /// <summary>Serves the connection.</summary>
    public Task ServeAsync(ConnectionDelegate next)
    {
        // Read here, while no other thread accesses the features.
        _lifetime = Features.Get<IConnectionLifetimeNotificationFeature>();
        // The fence guarantees that either side observes the other: an earlier stop request could not reach the server.
        Interlocked.MemoryBarrier();
        if (_all.IsClosingUnused) Close(evenUnused: true);
        return next(this);
    }

    /// <summary>Serves one request.</summary>
    public Task ServeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }) return UpgradeAsync(context, next);
        if (_use is not Use.Closable) ChangeTo(Use.Closable);
        return next(context);
    }

    /// <summary>
    /// From here on the connection is released some time after its client has disconnected, even if Kestrel has not ended it: of many HTTP/2 streams that are reset
    /// at once Kestrel sometimes waits for one that never ends (github.com/dotnet/aspnetcore/issues/51307), and the connection would stay counted and
    /// hold up a drain.
    /// </summary>
    public void ReleaseAfterDisconnect() => _isReleasedAfterDisconnect = true;

    /// <summary>
    /// Called at intervals: closes the socket and releases the connection when the client has been disconnected for <paramref name="checks"/> intervals.
    /// Returns true once. Pipes and stream still belong to Kestrel, which may write to them; if Kestrel never ends, they are collected with it.
    /// </summary>
    public bool ReleaseIfDisconnected(int checks)
    {
        if (!_isReleasedAfterDisconnect || !ConnectionClosed.IsCancellationRequested || ++_checks < checks || !Lease.TryRelease()) return false;
        Abort(new ConnectionAbortedException("The client has disconnected."));
        return true;
    }

    /// <summary>Closes the connection after the responses in progress.</summary>
    /// <param name="evenUnused">Also closes a connection without a request so far.</param>
    public void Close(bool evenUnused)
    {
        if (_use is Use.Closable || (evenUnused && _use is Use.Unused)) _lifetime?.RequestClose();
    }

    public void AbortForStop() => Abort(new ConnectionAbortedException("The edge stops."));

    protected override void OnClosed() => Lease.TryRelease();

    async Task UpgradeAsync(HttpContext context, RequestDelegate next)
    {
        ChangeTo(Use.Upgrading);
        try
        {
            await next(context);
        }
        finally
        {
            // If the WebSocket was handed over, Kestrel has nothing left to close.
            ChangeTo(Use.Closable);
        }
    }

    void ChangeTo(Use use)
    {
        _use = use;
        // The fence guarantees that either side observes the other: a stop that begins meanwhile observes the new use, or this method observes the stop.
        Interlocked.MemoryBarrier();
        if (_all.IsClosing) Close(evenUnused: false);
    }
}
