using ImGateway.Edge.Tls;
using ImGateway.Edge.WebSockets;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// A request for a WebSocket, over either of the server's ways to become one (RFC 6455 over HTTP/1.1, RFC 8441 over HTTP/2), as a feature of that
/// request: what the lease, which may outlive the request, is not to know of HTTP and YARP.
/// </summary>
sealed class WebSocketUpgrade : IDisposable
{
    // RFC 9113 §7 and §8.5: what a stream is reset with, the latter where the connection behind it broke.
    const int Cancel = 0x8;
    const int ConnectError = 0xA;

    readonly HttpContext _context;
    readonly UpstreamSockets _upstreams;
    readonly IHttpExtendedConnectFeature? _connect;
    IHttpMinResponseDataRateFeature? _reading;
    MinDataRate? _rate;
    bool _isHandedOver;

    public WebSocketUpgrade(HttpContext context, WebSocketLease lease, UpstreamSockets upstreams)
    {
        (_context, Lease, _upstreams) = (context, lease, upstreams);
        _connect = context.Features.Get<IHttpExtendedConnectFeature>();
        context.Features.Set(this);
    }

    public WebSocketLease Lease { get; }

    public bool IsExtendedConnect => _connect is { IsExtendedConnect: true };

    /// <summary>Whether both sides are upgraded.</summary>
    public bool IsUpgraded { get; private set; }

    /// <summary>The upstream has granted the upgrade. Before YARP's forwarder returns, so that the destination counts without a gap.</summary>
    public void Grant(Stream upstream)
    {
        Lease.Grant(upstream);
        if (_context.Features.Get<IReverseProxyFeature>() is { ProxiedDestination: { } destination, Route.Cluster: { } cluster }) Lease.Observe(_upstreams.Enter(cluster, destination));
    }

    /// <summary>Upgrades the client's side, which sends the response. False: the client has left meanwhile.</summary>
    public async Task<bool> TryAcceptAsync()
    {
        // A phone that sleeps is no slow reader; HTTP/2 has no such feature a stream.
        _reading = _context.Features.Get<IHttpMinResponseDataRateFeature>();
        _rate = _reading?.MinDataRate;
        if (_reading is not null) _reading.MinDataRate = null;
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

    /// <summary>Relays both ways, until both have ended; returns at once where the connection does that (<see cref="DetachableTransport"/>).</summary>
    public async Task RelayAsync()
    {
        if (_isHandedOver) return;
        var inOrder = await Lease.RelayAsync(_context.RequestAborted);
        // The client's side ends as the upstream's did. The server ends it in order where nothing is said, and a client that does not take what is
        // left is a slow reader again.
        if (_reading is not null) _reading.MinDataRate = _rate;
        if (!inOrder) Cut();
    }

    /// <summary>At the end of the request: releases the lease, unless it has been handed over.</summary>
    public void Dispose()
    {
        if (!_isHandedOver) Lease.Dispose();
    }

    async ValueTask<Stream> UpgradeAsync()
    {
        // What bounds a request does not bound a socket: its idle time-out does.
        _context.Features.Get<IHttpRequestTimeoutFeature>()?.DisableTimeout();
        if (!IsExtendedConnect) return DetachFrom(await _context.Features.Get<IHttpUpgradeFeature>()!.UpgradeAsync());
        // A tunnel has no body to limit (RFC 8441 §5).
        if (_context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        return await _connect!.AcceptAsync();
    }

    /// <summary>The lease goes on with the connection, and the server forgets both: an idle socket keeps nothing of its request.</summary>
    Stream DetachFrom(Stream server)
    {
        if (_context.Features.Get<DetachableTransport>() is not { } transport) return server;
        _isHandedOver = true;
        return transport.Detach(Lease.RelayAsync);
    }

    void Cut()
    {
        if (_context.Features.Get<IHttpResetFeature>() is { } stream) stream.Reset(Lease.End is { By: ClosedBy.Upstream } ? ConnectError : Cancel);
        else _context.Abort();
    }
}
