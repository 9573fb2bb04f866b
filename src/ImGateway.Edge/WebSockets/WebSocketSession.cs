using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Yarp.ReverseProxy.Forwarder;

namespace ImGateway.Edge.WebSockets;

/// <summary>
/// Stands between the forwarder and the server's two ways to become a WebSocket (RFC 6455 over HTTP/1.1, RFC 8441 over HTTP/2), so that
/// the stream of an upgrade is counted and ended by rules of ours.
/// </summary>
sealed class WebSocketSession : IHttpUpgradeFeature, IHttpExtendedConnectFeature, IDisposable
{
    /// <summary>How long what a client sent before it vanished may take to reach an upstream that does not read.</summary>
    static readonly TimeSpan LastBytes = TimeSpan.FromSeconds(5);

    readonly WebSocketRegistry _registry;
    readonly HttpContext _context;
    readonly string _route;
    readonly Action<int> _onUpgraded;
    readonly IHttpUpgradeFeature? _upgrade;
    readonly IHttpExtendedConnectFeature? _connect;
    readonly CancellationTokenSource _ended;
    readonly CancellationTokenRegistration _aborted;
    OpenWebSocket? _socket;
    bool _clientEnded;

    internal WebSocketSession(WebSocketRegistry registry, HttpContext context, string route, Action<int> onUpgraded)
    {
        (_registry, _context, _route, _onUpgraded) = (registry, context, route, onUpgraded);
        _ended = new CancellationTokenSource(Timeout.InfiniteTimeSpan, registry.Time);
        // The server calls a request aborted as soon as the client's side is closed, though bytes that came before may not be read yet.
        _aborted = context.RequestAborted.UnsafeRegister(static session => ((WebSocketSession)session!).OnAborted(), this);
        context.RequestAborted = _ended.Token;
        _upgrade = context.Features.Get<IHttpUpgradeFeature>();
        _connect = context.Features.Get<IHttpExtendedConnectFeature>();
        context.Features.Set<IHttpUpgradeFeature>(this);
        context.Features.Set<IHttpExtendedConnectFeature>(this);
        context.Features.Set(this);
        // A phone that sleeps is no slow reader: the idle time-out decides. HTTP/2 has no such feature a stream.
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate) rate.MinDataRate = null;
    }

    /// <summary>Null until the upstream has granted the upgrade.</summary>
    public OpenWebSocket? Socket => _socket;

    public bool IsUpgraded => _socket is not null;

    public bool IsUpgradableRequest => _upgrade?.IsUpgradableRequest == true;

    public bool IsExtendedConnect => _connect?.IsExtendedConnect == true;

    public string? Protocol => _connect?.Protocol;

    public async Task<Stream> UpgradeAsync() => Open(await _upgrade!.UpgradeAsync(), StatusCodes.Status101SwitchingProtocols);

    public async ValueTask<Stream> AcceptAsync()
    {
        // A tunnel has no body to limit (RFC 8441 §5).
        if (_context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        return Open(await _connect!.AcceptAsync(), StatusCodes.Status200OK);
    }

    /// <summary>The forwarder is done: names who ended the socket.</summary>
    public void Complete(ForwarderError error)
    {
        if (_socket is { } socket) _registry.Remove(socket, EndedBy(error));
    }

    public void Dispose()
    {
        _aborted.Dispose();
        _ended.Dispose();
    }

    internal void OnReceived(int bytes)
    {
        _socket!.OnReceived(bytes);
        _registry.Metrics.OnReceived(bytes);
    }

    internal void OnSent(int bytes)
    {
        _socket!.OnSent(bytes);
        _registry.Metrics.OnSent(bytes);
    }

    /// <summary>The client has sent its last byte, and the upstream has it: nothing can come of the other direction any more.</summary>
    internal void OnClientEnded()
    {
        _clientEnded = true;
        _ended.Cancel();
    }

    RelayStream Open(Stream stream, int code)
    {
        _socket = _registry.Add(_route);
        _onUpgraded(code);
        return new RelayStream(stream, this);
    }

    void OnAborted()
    {
        _clientEnded = true;
        if (_socket is null) _ended.Cancel();
        else _ended.CancelAfter(LastBytes);
    }

    ClosedBy EndedBy(ForwarderError error) => error switch
    {
        ForwarderError.UpgradeActivityTimeout => ClosedBy.Idle,
        _ when _clientEnded => ClosedBy.Client,
        ForwarderError.None or ForwarderError.UpgradeResponseDestination or ForwarderError.UpgradeRequestDestination => ClosedBy.Upstream,
        ForwarderError.UpgradeRequestClient or ForwarderError.UpgradeResponseClient
            or ForwarderError.UpgradeRequestCanceled or ForwarderError.UpgradeResponseCanceled => ClosedBy.Client,
        _ => ClosedBy.Error,
    };
}
