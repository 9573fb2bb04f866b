using System.Net;

namespace ImGateway.Edge.Connections.Listening;

/// <summary>The address of an inherited socket, as Kestrel knows it.</summary>
sealed class InheritedEndPoint(InheritedSocket socket) : IPEndPoint(socket.Address!.Address, socket.Address.Port)
{
    public InheritedSocket Socket => socket;
}
