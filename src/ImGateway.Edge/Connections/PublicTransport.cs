using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using ImGateway.Edge.Configuration;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace ImGateway.Edge.Connections;

/// <summary>
/// The transport of all TCP listeners: one loop accepts on what is bound here and on what is inherited, and no more than the machine has room for.
/// Kestrel's own way to stop closes every listener and connection together; here those that end with clients can end alone, while
/// connections and the management port go on.
/// </summary>
sealed class PublicTransport : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    readonly SocketTransportOptions _options;
    readonly SocketConnectionContextFactory _connections;
    readonly ClientConnections _clients;
    readonly TimeProvider _time;
    readonly ILogger<PublicListener> _logger;
    readonly Admissions _ofClients, _ofOperators;

    public PublicTransport(
        IOptions<SocketTransportOptions> options, ClientConnections clients, ConnectionEnds ends, ConnectionBudget budget, ManagementPlaces management, ConnectionGate gate, TimeProvider time, ILoggerFactory loggers)
    {
        (_options, _clients, _time, _logger) = (options.Value, clients, time, loggers.CreateLogger<PublicListener>());
        _connections = new SocketConnectionContextFactory(WithItsBuffers(_options), loggers.CreateLogger<SocketConnectionContextFactory>());
        // Counted here and not where it is served: a stop that came between the two would not wait for it.
        _ofClients = new Admissions(TryEnter, budget.OnClosed, clients.Accepted);
        _ofOperators = new Admissions(_ => management.TryAccept(), management.OnClosed, transport => new ManagementConnection(transport, ends, management));

        bool TryEnter(Socket accepted)
        {
            var refusal = budget.TryAccept();
            if (refusal is ConnectionRefusal.None) return true;
            gate.OnRefused(refusal, accepted.RemoteEndPoint);
            return false;
        }
    }

    public bool CanBind(EndPoint endpoint) => endpoint is PublicEndPoint or ManagementEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var (address, setting) = endpoint is PublicEndPoint ofClients ? (ofClients.Address, ofClients.Setting) : Of((ManagementEndPoint)endpoint);
        var socket = address is InheritedEndPoint { Socket.Socket: { } inherited } ? inherited : Listen(address, setting);
        var listener = new PublicListener(
            socket, address is InheritedEndPoint ? address : socket.LocalEndPoint!, _connections, endpoint is PublicEndPoint ? _ofClients : _ofOperators, _time, _logger);
        // A shared socket is left to the other process as soon as clients are, or half of its health checks would be answered by this one's drain.
        if (endpoint is PublicEndPoint || address is InheritedEndPoint) _clients.Add(listener);
        return ValueTask.FromResult<IConnectionListener>(listener);

        static (EndPoint, string) Of(ManagementEndPoint ofOperators) => (ofOperators.Address, ofOperators.Setting);
    }

    public void Dispose() => _connections.Dispose();

    /// <exception cref="ListenException">It cannot be had.</exception>
    Socket Listen(EndPoint address, string setting)
    {
        try
        {
            return ListenOn(address);
        }
        catch (SocketException e) when (MachineAddress.IsMissing(e.SocketErrorCode) && address is IPEndPoint { Address: var any, Port: var port } && any.Equals(IPAddress.IPv6Any))
        {
            // A machine without IPv6.
            return Listen(new IPEndPoint(IPAddress.Any, port), setting);
        }
        catch (SocketException e)
        {
            // Kestrel's own line for a port that is taken calls every listener http://.
            throw new ListenException(setting, e);
        }
    }

    Socket ListenOn(EndPoint address)
    {
        Socket? socket = null;
        try
        {
            // IPv6Any listens to IPv4 too.
            socket = SocketTransportOptions.CreateDefaultBoundListenSocket(address);
            socket.Listen(_options.Backlog);
            return socket;
        }
        catch (SocketException)
        {
            socket?.Dispose();
            throw;
        }
    }

    sealed class ManagementConnection(ConnectionContext transport, ConnectionEnds ends, ManagementPlaces places) : EndingConnection(transport, ends)
    {
        protected override void OnClosed() => places.OnClosed();
    }

    /// <summary>As Kestrel makes them for its own listeners, with the pools of <see cref="BlockPools"/>; the public constructor has pools of its own.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    static extern SocketConnectionFactoryOptions WithItsBuffers(SocketTransportOptions options);
}
