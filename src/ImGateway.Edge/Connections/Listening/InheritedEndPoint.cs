using System.Net;

namespace ImGateway.Edge.Connections.Listening;

/// <summary>An inherited socket as an endpoint for Kestrel.</summary>
sealed class InheritedEndPoint(InheritedSocket socket) : IPEndPoint(socket.Address!.Address, socket.Address.Port)
{
    public InheritedSocket Socket => socket;
}
