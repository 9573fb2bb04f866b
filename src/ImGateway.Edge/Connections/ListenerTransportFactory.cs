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
/// The transport of all TCP listeners. Bound and inherited sockets have the same accept loop, which accepts no more connections than the machine has
/// room for. Kestrel can only stop all listeners and connections together; here the listeners for clients can stop accepting alone, while open
/// connections and the management port continue.
/// </summary>
sealed class ListenerTransportFactory : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    readonly int _backlog;
    readonly SocketTransport _sockets;
    readonly ClientConnections _clients;
    readonly ListenerAdmission _clientAdmission, _managementAdmission;

    public ListenerTransportFactory(
        IOptions<SocketTransportOptions> options, SocketTransport sockets, ClientConnections clients, SlowCloseMonitor slowCloses, ConnectionBudget budget, ManagementConnectionLimit management, ConnectionGate gate)
    {
        (_backlog, _sockets, _clients) = (options.Value.Backlog, sockets, clients);
        // Counted here, not where the connection is served: a stop between the two would not wait for it.
        _clientAdmission = new ListenerAdmission(budget.TryAccept, gate.OnRefused, budget.OnClosed, clients.OnAccepted);
        _managementAdmission = new ListenerAdmission(
            () => management.TryAccept() ? ConnectionRefusal.None : ConnectionRefusal.Connections,
            (_, _) => { },
            management.OnClosed,
            transport => new ManagementConnection(transport, slowCloses, management));
    }

    public bool CanBind(EndPoint endpoint) => endpoint is PublicEndPoint or ManagementEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var forClients = endpoint as PublicEndPoint;
        var (address, setting) = forClients is not null ? (forClients.Address, forClients.Setting) : Of((ManagementEndPoint)endpoint);
        var socket = address is InheritedEndPoint { Socket.Socket: { } inherited } ? inherited : Listen(address, setting);
        var listener = (forClients?.Transport ?? _sockets).Listen(
            socket, address is InheritedEndPoint ? address : socket.LocalEndPoint!, forClients is not null ? _clientAdmission : _managementAdmission);
        // A shared socket is closed together with the listeners for clients: otherwise this process, while it drains, would accept some of the health
        // checks that are meant for the process that shares the socket.
        if (forClients is not null || address is InheritedEndPoint) _clients.Add(listener);
        return ValueTask.FromResult(listener);

        static (EndPoint, string) Of(ManagementEndPoint forOperators) => (forOperators.Address, forOperators.Setting);
    }

    /// <exception cref="ListenException">The address cannot be bound.</exception>
    Socket Listen(EndPoint address, string setting)
    {
        try
        {
            return ListenOn(address);
        }
        catch (SocketException e) when (LocalAddresses.IsMissing(e.SocketErrorCode) && address is IPEndPoint { Address: var any, Port: var port } && any.Equals(IPAddress.IPv6Any))
        {
            // A machine without IPv6.
            return Listen(new IPEndPoint(IPAddress.Any, port), setting);
        }
        catch (SocketException e)
        {
            // Kestrel's own message for a port in use calls every listener http://.
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

    sealed class ManagementConnection(ConnectionContext transport, SlowCloseMonitor slowCloses, ManagementConnectionLimit limit) : BoundedCloseConnection(transport, slowCloses)
    {
        protected override void OnClosed() => limit.OnClosed();
    }
}
