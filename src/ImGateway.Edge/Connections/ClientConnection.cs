using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace ImGateway.Edge.Connections;

/// <summary>One connection to a public listener, as a connection feature: when a stop in order may ask it to end.</summary>
sealed class ClientConnection(ConnectionContext connection, ClientConnections all)
{
    // Taken while nobody else reads the features.
    readonly IConnectionLifetimeNotificationFeature? _life = connection.Features.Get<IConnectionLifetimeNotificationFeature>();
    TaskCompletionSource? _letGo;
    Use _use;
    int _looks;

    enum Use
    {
        /// <summary>Nothing asked yet: a client that just got through is not turned away without an answer.</summary>
        Fresh,

        /// <summary>The server ends it after the answers under way, over HTTP/2 with GOAWAY (RFC 9113 §6.8).</summary>
        Closable,

        /// <summary>An HTTP/1.1 upgrade: asked to end, the server would cut the reading of what may be a WebSocket by now.</summary>
        Upgrading,
    }

    /// <summary>One request, from its head on.</summary>
    public Task ServeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }) return UpgradeAsync(context, next);
        if (_use is not Use.Closable) ChangeTo(Use.Closable);
        return next(context);
    }

    /// <summary>
    /// Waits for the server to have done with it, but not for ever once the client has gone: of many streams that are reset at once Kestrel sometimes
    /// waits for one that never ends (github.com/dotnet/aspnetcore/issues/51307). The connection would stay counted, keep its memory and hold up a drain.
    /// </summary>
    /// <param name="serving">The server's work on it.</param>
    public async Task WaitAsync(Task serving)
    {
        _letGo = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await await Task.WhenAny(serving, _letGo.Task);
    }

    /// <summary>To be called at intervals: ends the wait when the client has been gone for <paramref name="looks"/> of them. True once.</summary>
    public bool LetGoIfGone(int looks) =>
        _letGo is { } letGo && connection.ConnectionClosed.IsCancellationRequested && ++_looks >= looks && letGo.TrySetResult();

    /// <summary>Ends it once what is under way has been answered.</summary>
    /// <param name="evenFresh">Also if nothing has been asked yet.</param>
    public void Close(bool evenFresh)
    {
        if (_use is Use.Closable || (evenFresh && _use is Use.Fresh)) _life?.RequestClose();
    }

    public void Abort() => connection.Abort(new ConnectionAbortedException("The edge stops."));

    async Task UpgradeAsync(HttpContext context, RequestDelegate next)
    {
        ChangeTo(Use.Upgrading);
        try
        {
            await next(context);
        }
        finally
        {
            ChangeTo(Use.Closable);
        }
    }

    void ChangeTo(Use use)
    {
        _use = use;
        // Whoever begins to close meanwhile sees what this has become, or is seen here.
        Interlocked.MemoryBarrier();
        if (all.IsClosing) Close(evenFresh: false);
    }
}
