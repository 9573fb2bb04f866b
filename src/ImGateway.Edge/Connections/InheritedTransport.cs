using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace ImGateway.Edge.Connections;

/// <summary>The address of an inherited socket, as Kestrel is told of it.</summary>
sealed class InheritedEndPoint(InheritedSocket socket) : IPEndPoint(socket.Address!.Address, socket.Address.Port)
{
    public InheritedSocket Socket => socket;
}

/// <summary>Kestrel's transport for inherited sockets.</summary>
sealed class InheritedTransport(BlockPools pools, TimeProvider time, ILoggerFactory loggers) : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    readonly SocketConnectionContextFactory _connections = new(new SocketConnectionFactoryOptions(), loggers.CreateLogger<SocketConnectionContextFactory>());

    public bool CanBind(EndPoint endpoint) => endpoint is InheritedEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IConnectionListener>(new InheritedListener((InheritedEndPoint)endpoint, _connections, pools.Create(), time));

    public void Dispose() => _connections.Dispose();
}
