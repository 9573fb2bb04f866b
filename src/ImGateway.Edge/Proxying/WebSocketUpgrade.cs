using ImGateway.Edge.Proxying.Upstream;
using ImGateway.Edge.Tls;
using ImGateway.Edge.WebSockets;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// The HTTP side of a WebSocket (RFC 6455 over HTTP/1.1, RFC 8441 over HTTP/2), as a feature of its
/// request. Keeps HTTP and YARP away from the lease, which may outlive the request.
/// </summary>
sealed class WebSocketUpgrade : IDisposable
{
    // Error codes for RST_STREAM (RFC 9113 §7, §8.5); the latter if the upstream connection broke.
    const int Cancel = 0x8;
    const int ConnectError = 0xA;

    readonly HttpContext _context;
    readonly DestinationWebSockets _destinationSockets;
    readonly IHttpExtendedConnectFeature? _connect;
    IHttpMinResponseDataRateFeature? _dataRateFeature;
    MinDataRate? _minDataRate;
    bool _isHandedOver;

    public WebSocketUpgrade(HttpContext context, WebSocketLease lease, DestinationWebSockets destinationSockets)
    {
        (_context, Lease, _destinationSockets) = (context, lease, destinationSockets);
        _connect = context.Features.Get<IHttpExtendedConnectFeature>();
        context.Features.Set(this);
    }

    public WebSocketLease Lease { get; }

    public bool IsExtendedConnect => _connect is { IsExtendedConnect: true };

    /// <summary>Whether both sides are upgraded.</summary>
    public bool IsUpgraded { get; private set; }

    /// <summary>Notes the upstream's 101. Called before YARP's forwarder returns, so that the destination's count has no gap.</summary>
    public void Grant(Stream upstream)
    {
        var proxied = _context.GetReverseProxyFeature();
        Lease.Grant(upstream, _destinationSockets.Add(proxied.Route.Cluster!, proxied.ProxiedDestination!));
    }

    /// <summary>Upgrades the client's side, which sends the response. False if the client has disconnected.</summary>
    public async Task<bool> TryAcceptAsync()
    {
        // No minimum data rate: a sleeping phone is not a slow reader. HTTP/2 has no such feature for streams.
        _dataRateFeature = _context.Features.Get<IHttpMinResponseDataRateFeature>();
        _minDataRate = _dataRateFeature?.MinDataRate;
        if (_dataRateFeature is not null) _dataRateFeature.MinDataRate = null;
        try
        {
            Lease.Open(await UpgradeAsync());
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException)
        {
            return false;
        }

        return IsUpgraded = true;
    }

    /// <summary>Relays until both sides have ended; returns at once if the connection relays (<see cref="DetachableTransport"/>).</summary>
    public async Task RelayAsync()
    {
        if (_isHandedOver) return;
        var inOrder = await Lease.RelayAsync(_context.RequestAborted);
        // Close the client's side like the upstream's: gracefully unless aborted here. A client that does not read the
        // pending data is a slow reader again.
        if (_dataRateFeature is not null) _dataRateFeature.MinDataRate = _minDataRate;
        if (!inOrder) AbortClient();
    }

    /// <summary>Called at the end of the request: releases the lease, unless it has been handed over.</summary>
    public void Dispose()
    {
        if (!_isHandedOver) Lease.Dispose();
    }

    async ValueTask<Stream> UpgradeAsync()
    {
        // Request time-outs do not apply to a socket, which has an idle time-out.
        _context.Features.Get<IHttpRequestTimeoutFeature>()?.DisableTimeout();
        if (!IsExtendedConnect) return DetachFrom(await _context.Features.Get<IHttpUpgradeFeature>()!.UpgradeAsync());
        // No body size limit: a tunnel has no body (RFC 8441 §5).
        if (_context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        return await _connect!.AcceptAsync();
    }

    /// <summary>Hands the lease over to the connection, so that an idle socket keeps no memory of its request.</summary>
    Stream DetachFrom(Stream server)
    {
        if (_context.Features.Get<DetachableTransport>() is not { } transport) return server;
        _isHandedOver = true;
        return transport.Detach(Lease.RelayAsync);
    }

    void AbortClient()
    {
        if (_context.Features.Get<IHttpResetFeature>() is { } stream) stream.Reset(Lease.End is { By: ClosedBy.Upstream } ? ConnectError : Cancel);
        else _context.Abort();
    }
}
