using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace ImGateway.Edge.Connections;

/// <summary>
/// One connection to a public listener, as a connection feature too: when a stop in order may ask it to end. It is counted from accept until its
/// socket is closed.
/// </summary>
sealed class ClientConnection : EndingConnection
{
    readonly ClientConnections _all;
    IConnectionLifetimeNotificationFeature? _life;
    Use _use;
    bool _endsWithClient;
    int _looks;

    public ClientConnection(ConnectionContext transport, ClientConnections all, ConnectionEnds ends)
        : base(transport, ends) => (_all, Lease) = (all, new ConnectionLease(this, all));

    enum Use
    {
        /// <summary>Nothing asked yet: a client that just got through is not turned away without an answer.</summary>
        Fresh,

        /// <summary>The server ends it after the answers under way, over HTTP/2 with GOAWAY (RFC 9113 §6.8).</summary>
        Closable,

        /// <summary>An HTTP/1.1 upgrade: asked to end, the server would cut the reading of what may be a WebSocket by now.</summary>
        Upgrading,
    }

    /// <summary>What it holds until its socket is closed.</summary>
    public ConnectionLease Lease { get; }

    /// <summary>All that is said on it.</summary>
    public Task ServeAsync(ConnectionDelegate next)
    {
        // Taken while no other thread reads the features.
        _life = Features.Get<IConnectionLifetimeNotificationFeature>();
        // The fence guarantees that either side observes the other: a stop that asked before could not reach the server.
        Interlocked.MemoryBarrier();
        if (_all.IsClosingFresh) Close(evenFresh: true);
        return next(this);
    }

    /// <summary>One request, from its head on.</summary>
    public Task ServeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }) return UpgradeAsync(context, next);
        if (_use is not Use.Closable) ChangeTo(Use.Closable);
        return next(context);
    }

    /// <summary>
    /// From here on it is released some time after its client has gone, whether or not the server has ended it: of many HTTP/2 streams that are reset
    /// at once Kestrel sometimes waits for one that never ends (github.com/dotnet/aspnetcore/issues/51307), and the connection would stay counted and
    /// hold up a drain.
    /// </summary>
    public void EndsWithClient() => _endsWithClient = true;

    /// <summary>
    /// To be called at intervals: closes the socket and counts the connection out when the client has been gone for <paramref name="looks"/> of them.
    /// True once. Pipes and stream stay the server's, which may write to them still; if it never ends, they are garbage with it.
    /// </summary>
    public bool ReleaseIfGone(int looks)
    {
        if (!_endsWithClient || !ConnectionClosed.IsCancellationRequested || ++_looks < looks || !Lease.TryRelease()) return false;
        Abort(new ConnectionAbortedException("The client has gone."));
        return true;
    }

    /// <summary>Ends it once what is under way has been answered.</summary>
    /// <param name="evenFresh">Also if nothing has been asked yet.</param>
    public void Close(bool evenFresh)
    {
        if (_use is Use.Closable || (evenFresh && _use is Use.Fresh)) _life?.RequestClose();
    }

    public void Cut() => Abort(new ConnectionAbortedException("The edge stops."));

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
            // Or served on without the server, which then has nothing to end.
            ChangeTo(Use.Closable);
        }
    }

    void ChangeTo(Use use)
    {
        _use = use;
        // The fence guarantees that either side observes the other: a stop that begins meanwhile sees this use, or its beginning is seen here.
        Interlocked.MemoryBarrier();
        if (_all.IsClosing) Close(evenFresh: false);
    }
}
