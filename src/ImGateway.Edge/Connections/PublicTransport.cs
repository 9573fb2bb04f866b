using System.Net;
using System.Net.Sockets;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.Connections.Listening;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace ImGateway.Edge.Connections;

/// <summary>
/// The transport of all TCP listeners: one loop accepts on what is bound here and on what is inherited, and no more than the machine has room for.
/// Kestrel's own way to stop closes every listener and connection together; here those that end with clients can end alone, while
/// connections and the management port go on.
/// </summary>
sealed class PublicTransport : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    readonly int _backlog;
    readonly SocketTransport _sockets;
    readonly ClientConnections _clients;
    readonly Admissions _ofClients, _ofOperators;

    public PublicTransport(
        IOptions<SocketTransportOptions> options, SocketTransport sockets, ClientConnections clients, ConnectionEnds ends, ConnectionBudget budget, ManagementPlaces management, ConnectionGate gate)
    {
        (_backlog, _sockets, _clients) = (options.Value.Backlog, sockets, clients);
        // Counted here and not where it is served: a stop that came between the two would not wait for it.
        _ofClients = new Admissions(budget.TryAccept, gate.OnRefused, budget.OnClosed, clients.Accepted);
        _ofOperators = new Admissions(
            () => management.TryAccept() ? ConnectionRefusal.None : ConnectionRefusal.Connections,
            (_, _) => { },
            management.OnClosed,
            transport => new ManagementConnection(transport, ends, management));
    }

    public bool CanBind(EndPoint endpoint) => endpoint is PublicEndPoint or ManagementEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var ofClients = endpoint as PublicEndPoint;
        var (address, setting) = ofClients is not null ? (ofClients.Address, ofClients.Setting) : Of((ManagementEndPoint)endpoint);
        var socket = address is InheritedEndPoint { Socket.Socket: { } inherited } ? inherited : Listen(address, setting);
        var listener = (ofClients?.Transport ?? _sockets).Listen(
            socket, address is InheritedEndPoint ? address : socket.LocalEndPoint!, ofClients is not null ? _ofClients : _ofOperators);
        // A shared socket is left to the other process as soon as clients are, or half of its health checks would be answered by this one's drain.
        if (ofClients is not null || address is InheritedEndPoint) _clients.Add(listener);
        return ValueTask.FromResult(listener);

        static (EndPoint, string) Of(ManagementEndPoint ofOperators) => (ofOperators.Address, ofOperators.Setting);
    }

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
            socket.Listen(_backlog);
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
}
