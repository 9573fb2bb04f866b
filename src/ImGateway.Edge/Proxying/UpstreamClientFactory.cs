using System.Net;
using System.Net.Sockets;
using System.Text;
using ImGateway.Edge.Connections;
using Yarp.ReverseProxy.Forwarder;

namespace ImGateway.Edge.Proxying;

/// <summary>YARP's client already follows no redirect, keeps no cookie, uses no proxy of the environment and decompresses nothing.</summary>
sealed class UpstreamClientFactory(ConnectionBudget budget, UpstreamPorts ports, AddressMemory memory, TimeProvider time) : ForwarderHttpClientFactory
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
    public static Task<NetworkStream> ProbeAsync(DnsEndPoint endPoint, AddressMemory memory, TimeProvider time, CancellationToken cancellationToken) => AnyAsync(
        endPoint, async (address, cancellation) => new NetworkStream(await OpenAsync(endPoint, address, cancellation), ownsSocket: true), memory, time, cancellationToken);

    async ValueTask<Stream> ConnectAsync(DnsEndPoint endPoint, CancellationToken cancellationToken) =>
        await AnyAsync(endPoint, (address, cancellation) => ConnectAsync(endPoint, address, cancellation), memory, time, cancellationToken);

    /// <summary>Each attempt counts while it is under way, and the one that connects until its socket is closed: both have a descriptor and a port.</summary>
    async Task<UpstreamStream> ConnectAsync(DnsEndPoint endPoint, IPAddress address, CancellationToken cancellationToken)
    {
        // As if the system had refused it: the request fails as one that found no connection.
        if (!budget.TryConnect()) throw OwnShortage.Of(endPoint.Host, endPoint.Port);
        var port = ports.Take(endPoint);
        try
        {
            return new UpstreamStream(await OpenAsync(endPoint, address, cancellationToken), budget, port);
        }
        catch
        {
            port.Dec();
            budget.OnDisconnected();
            throw;
        }
    }

    /// <summary>Each WebSocket has a connection of its own, and an address needs none of the ways to resolve and to try several.</summary>
    static async Task<T> AnyAsync<T>(
        DnsEndPoint endPoint, Func<IPAddress, CancellationToken, Task<T>> attempt, AddressMemory memory, TimeProvider time, CancellationToken cancellationToken)
        where T : IAsyncDisposable
    {
        if (IPAddress.TryParse(endPoint.Host, out var literal)) return await attempt(literal, cancellationToken);
        var addresses = await Dns.GetHostAddressesAsync(endPoint.Host, endPoint.AddressFamily, cancellationToken);
        if (addresses.Length == 0) throw new SocketException((int)SocketError.NoData);
        return await StaggeredConnect.AnyAsync(memory.Order(addresses), attempt, memory, time, cancellationToken);
    }

    static async Task<Socket> OpenAsync(DnsEndPoint endPoint, IPAddress address, CancellationToken cancellationToken)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            await socket.ConnectAsync(new IPEndPoint(address, endPoint.Port), cancellationToken);
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
