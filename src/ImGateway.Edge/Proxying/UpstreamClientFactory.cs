using System.Net;
using System.Net.Sockets;
using System.Text;
using ImGateway.Edge.Connections;
using Yarp.ReverseProxy.Forwarder;

namespace ImGateway.Edge.Proxying;

/// <summary>YARP's client already follows no redirect, keeps no cookie, uses no proxy of the environment and decompresses nothing.</summary>
sealed class UpstreamClientFactory(ConnectionBudget budget, UpstreamPorts ports) : ForwarderHttpClientFactory
{
    protected override void ConfigureHandler(ForwarderHttpClientContext context, SocketsHttpHandler handler)
    {
        base.ConfigureHandler(context, handler);
        handler.ConnectTimeout = TimeSpan.FromSeconds(5);
        // Shorter than the minute after which the common servers and load balancers drop an idle connection.
        handler.PooledConnectionIdleTimeout = TimeSpan.FromSeconds(50);
        // traceparent is ours to keep or start.
        handler.ActivityHeadersPropagator = null;
        // As in Kestrel: bytes above ASCII pass as they came, unless the user's section says otherwise.
        handler.RequestHeaderEncodingSelector ??= static (_, _) => Encoding.Latin1;
        handler.ConnectCallback = (context, cancellationToken) => ConnectAsync(context.DnsEndPoint, cancellationToken);
    }

    /// <summary>Connects without a place in the budget: for a probe, which ends at once.</summary>
    public static async ValueTask<Stream> ProbeAsync(DnsEndPoint endPoint, CancellationToken cancellationToken) =>
        new NetworkStream(await OpenAsync(endPoint, cancellationToken), ownsSocket: true);

    async ValueTask<Stream> ConnectAsync(DnsEndPoint endPoint, CancellationToken cancellationToken)
    {
        // As if the system had refused it: the request fails as one that found no connection.
        if (!budget.TryConnect()) throw OwnShortage.Of(endPoint.Host, endPoint.Port);
        try
        {
            return new UpstreamStream(await OpenAsync(endPoint, cancellationToken), budget, ports.Take(endPoint));
        }
        catch
        {
            budget.OnDisconnected();
            throw;
        }
    }

    /// <summary>Each WebSocket has a connection of its own, and an address needs none of the ways to resolve and to try several.</summary>
    static async ValueTask<Socket> OpenAsync(DnsEndPoint endPoint, CancellationToken cancellationToken)
    {
        var address = IPAddress.TryParse(endPoint.Host, out var literal) ? literal : null;
        var socket = address is null
            ? new Socket(SocketType.Stream, ProtocolType.Tcp)
            : new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            await socket.ConnectAsync(address is null ? endPoint : new IPEndPoint(address, endPoint.Port), cancellationToken);
            return socket;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressNotAvailable)
        {
            socket.Dispose();
            // EADDRNOTAVAIL of connect(2); the system's own words do not name the cause.
            throw new SocketException((int)SocketError.AddressNotAvailable, $"no source port is left to {endPoint.Host}:{endPoint.Port}, or no address of this machine reaches it");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
