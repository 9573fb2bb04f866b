using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace ImGateway.Edge.Connections;

/// <summary>
/// Kestrel's transport for a <see cref="PublicEndPoint"/>. Its own way to stop closes every listener and connection together; here the
/// public listeners can end alone, while their connections and the management port go on.
/// </summary>
sealed class PublicTransport(IOptions<SocketTransportOptions> options, InheritedTransport inherited, ClientConnections connections, ILoggerFactory loggers)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    readonly SocketTransportFactory _sockets = new(options, loggers);

    public bool CanBind(EndPoint endpoint) => endpoint is PublicEndPoint;

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var address = ((PublicEndPoint)endpoint).Address;
        var bound = address is InheritedEndPoint ? await inherited.BindAsync(address, cancellationToken) : await BindAddressAsync(address, cancellationToken);
        var listener = new Listener(bound, connections);
        connections.Add(listener);
        return listener;
    }

    async ValueTask<IConnectionListener> BindAddressAsync(EndPoint address, CancellationToken cancellationToken)
    {
        try
        {
            return await _sockets.BindAsync(address, cancellationToken);
        }
        catch (SocketException) when (address is IPEndPoint { Address: var any, Port: var port } && any.Equals(IPAddress.IPv6Any))
        {
            // A machine without IPv6.
            return await _sockets.BindAsync(new IPEndPoint(IPAddress.Any, port), cancellationToken);
        }
    }

    sealed class Listener(IConnectionListener listener, ClientConnections connections) : IConnectionListener
    {
        public EndPoint EndPoint => listener.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            var connection = await listener.AcceptAsync(cancellationToken);
            // Counted here and not where it is served: a stop that came between the two would not wait for it.
            return connection is null ? null : connections.Accepted(connection);
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => listener.UnbindAsync(cancellationToken);

        public ValueTask DisposeAsync() => listener.DisposeAsync();
    }
}
