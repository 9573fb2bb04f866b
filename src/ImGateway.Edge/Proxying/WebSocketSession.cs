using ImGateway.Edge.WebSockets;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// A request for a WebSocket, over either of the server's ways to become one (RFC 6455 over HTTP/1.1, RFC 8441 over HTTP/2): takes the
/// upstream's side once it has granted the upgrade, then the client's, and relays between them to the end.
/// </summary>
sealed class WebSocketSession : IDisposable
{
    // RFC 9113 §7 and §8.5: what a stream is reset with, the latter where the connection behind it broke.
    const int Cancel = 0x8;
    const int ConnectError = 0xA;

    readonly WebSocketRegistry _registry;
    readonly HttpContext _context;
    readonly string _route;
    readonly Action<int> _onUpgraded;
    readonly IHttpExtendedConnectFeature? _connect;
    Stream? _upstream;

    public WebSocketSession(WebSocketRegistry registry, HttpContext context, string route, Action<int> onUpgraded)
    {
        (_registry, _context, _route, _onUpgraded) = (registry, context, route, onUpgraded);
        _connect = context.Features.Get<IHttpExtendedConnectFeature>();
        context.Features.Set(this);
    }

    public bool IsExtendedConnect => _connect is { IsExtendedConnect: true };

    /// <summary>Whether the upstream has granted the upgrade and waits for the client's side.</summary>
    public bool IsGranted => _upstream is not null;

    /// <summary>Null until both sides are upgraded.</summary>
    public OpenWebSocket? Socket { get; private set; }

    public bool IsUpgraded => Socket is not null;

    /// <summary>Who ended it; null until somebody has.</summary>
    public ClosedBy? EndedBy { get; private set; }

    /// <param name="upstream">What is no longer HTTP; the session disposes of it.</param>
    public void Grant(Stream upstream) => _upstream = upstream;

    /// <summary>Upgrades the client's side, which sends the response, and relays until the socket ends.</summary>
    public async Task<RelayEnd> RelayAsync()
    {
        // 1. The client's side. A phone that sleeps is no slow reader; HTTP/2 has no such feature a stream.
        var reading = _context.Features.Get<IHttpMinResponseDataRateFeature>();
        var rate = reading?.MinDataRate;
        if (reading is not null) reading.MinDataRate = null;
        Stream client;
        try
        {
            client = await UpgradeAsync();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException)
        {
            // It left meanwhile.
            return new RelayEnd(ClosedBy.Client, InOrder: true, RelayFault.ClientWrite, e);
        }

        // 2. Both ways, until both have ended.
        using var relay = new WebSocketRelay(_route, client, _upstream!, _registry.Metrics, _registry.Time);
        Socket = relay;
        _onUpgraded(_context.Response.StatusCode);
        var end = new RelayEnd(ClosedBy.Error, InOrder: false);
        _registry.Add(relay);
        try
        {
            // The server calls a request aborted as soon as the client's side is closed, though bytes that came before may not be read yet.
            await using var gone = _context.RequestAborted.UnsafeRegister(static relay => ((WebSocketRelay)relay!).OnClientGone(), relay);
            end = await relay.RunAsync();
        }
        finally
        {
            EndedBy = end.By;
            _registry.Remove(relay, end.By);
        }

        // 3. The client's side ends as the upstream's did. The server ends it in order where nothing is said, and whoever does not take
        // what is left is a slow reader again.
        if (reading is not null) reading.MinDataRate = rate;
        if (!end.InOrder) Cut(end.By);
        return end;
    }

    public void Dispose() => _upstream?.Dispose();

    async ValueTask<Stream> UpgradeAsync()
    {
        // What bounds a request does not bound a socket: its idle time-out does.
        _context.Features.Get<IHttpRequestTimeoutFeature>()?.DisableTimeout();
        if (!IsExtendedConnect) return await _context.Features.Get<IHttpUpgradeFeature>()!.UpgradeAsync();
        // A tunnel has no body to limit (RFC 8441 §5).
        if (_context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        return await _connect!.AcceptAsync();
    }

    void Cut(ClosedBy by)
    {
        if (_context.Features.Get<IHttpResetFeature>() is { } stream) stream.Reset(by == ClosedBy.Upstream ? ConnectError : Cancel);
        else _context.Abort();
    }
}
