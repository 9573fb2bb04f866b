using System.Net;
using System.Net.Sockets;
using System.Text;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.Connections.Listening;
using Yarp.ReverseProxy.Forwarder;

namespace ImGateway.Edge.Proxying.Upstream;

/// <summary>Creates the HTTP clients for upstreams. YARP's defaults already disable redirects, cookies, environment proxies and decompression.</summary>
sealed class UpstreamClientFactory(IListenerTransport transport, ConnectionBudget budget, SourcePortUsage ports, FailedAddresses failed, TimeProvider time) : ForwarderHttpClientFactory
{
    protected override void ConfigureHandler(ForwarderHttpClientContext context, SocketsHttpHandler handler)
    {
        base.ConfigureHandler(context, handler);
        handler.ConnectTimeout = TimeSpan.FromSeconds(5);
        // Shorter than the 60 s after which common servers and load balancers close idle connections.
        handler.PooledConnectionIdleTimeout = TimeSpan.FromSeconds(50);
        // UpstreamRequestHeaders handles traceparent.
        handler.ActivityHeadersPropagator = null;
        // Latin-1, as in Kestrel, so that bytes above ASCII pass unchanged, unless the user's section sets an encoding.
        handler.RequestHeaderEncodingSelector ??= static (_, _) => Encoding.Latin1;
        handler.ConnectCallback = (context, cancellationToken) => ConnectAsync(context.DnsEndPoint, cancellationToken);
    }

    /// <summary>Connects without counting in the budget, for a probe, which closes at once.</summary>
    public static Task<NetworkStream> ProbeAsync(DnsEndPoint endPoint, FailedAddresses failed, TimeProvider time, CancellationToken cancellationToken) => AnyAsync(
        endPoint, (address, cancellation) => SocketTransport.OpenAsync(new IPEndPoint(address, endPoint.Port), cancellation), failed, time, cancellationToken);

    async ValueTask<Stream> ConnectAsync(DnsEndPoint endPoint, CancellationToken cancellationToken) =>
        await AnyAsync(endPoint, (address, cancellation) => ConnectAsync(endPoint, address, cancellation), failed, time, cancellationToken);

    /// <summary>Counts each attempt while it runs, and the established connection until its socket is closed, because each uses a descriptor and a port.</summary>
    async Task<UpstreamStream> ConnectAsync(DnsEndPoint endPoint, IPAddress address, CancellationToken cancellationToken)
    {
        // Fails like EMFILE, so that the request fails as one without a connection.
        if (!budget.TryConnectUpstream()) throw LocalResourceExhaustion.CreateException(endPoint.Host, endPoint.Port);
        var port = ports.Take(endPoint);
        try
        {
            return new UpstreamStream(await OpenAsync(endPoint, address, cancellationToken), budget, port);
        }
        catch
        {
            port.Dec();
            budget.OnUpstreamDisconnected();
            throw;
        }
    }

    /// <summary>A fast path for an IP address, which needs no resolution and no staggered attempts; each WebSocket opens a connection.</summary>
    static async Task<T> AnyAsync<T>(
        DnsEndPoint endPoint, Func<IPAddress, CancellationToken, Task<T>> attempt, FailedAddresses failed, TimeProvider time, CancellationToken cancellationToken)
        where T : IAsyncDisposable
    {
        if (IPAddress.TryParse(endPoint.Host, out var literal)) return await attempt(literal, cancellationToken);
        var addresses = await Dns.GetHostAddressesAsync(endPoint.Host, endPoint.AddressFamily, cancellationToken);
        if (addresses.Length == 0) throw new SocketException((int)SocketError.NoData);
        return await HappyEyeballs.AnyAsync(failed.Order(addresses), attempt, failed, time, cancellationToken);
    }

    async Task<Stream> OpenAsync(DnsEndPoint endPoint, IPAddress address, CancellationToken cancellationToken)
    {
        try
        {
            return await transport.ConnectAsync(new IPEndPoint(address, endPoint.Port), cancellationToken);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressNotAvailable)
        {
            // EADDRNOTAVAIL of connect(2): no source port is left, which the system's message does not say.
            throw new SocketException((int)SocketError.AddressNotAvailable, $"no source port is left to {endPoint.Host}:{endPoint.Port}, or no address of this machine reaches it");
        }
    }
}
