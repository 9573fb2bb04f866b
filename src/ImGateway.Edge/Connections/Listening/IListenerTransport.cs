using System.Net;
using System.Net.Sockets;
using ImGateway.Edge.Connections.Limits;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Connections.Listening;

/// <summary>
/// How connections are accepted on a socket that listens. It asks the <see cref="Admissions"/> before it makes anything for a connection, and has it
/// followed from then on: a connection counts from accept, also where it is handed to Kestrel only after its handshake.
/// </summary>
interface IListenerTransport
{
    /// <param name="endPoint">What Kestrel knows the listener by.</param>
    IConnectionListener Listen(Socket socket, EndPoint endPoint, Admissions admissions);
}

/// <summary>Whether there is room for one more connection. One instance for each kind of listener.</summary>
/// <param name="TryEnter">Counts it, or returns why it is refused.</param>
/// <param name="OnRefused">Reports the refusal of a client, whose address is passed where it is known.</param>
/// <param name="Leave">It is not served after all.</param>
/// <param name="Follow">Returns the connection to be served, which counts itself out when its socket has been closed.</param>
sealed record Admissions(
    Func<ConnectionRefusal> TryEnter, Action<ConnectionRefusal, EndPoint?> OnRefused, Action Leave, Func<ConnectionContext, ConnectionContext> Follow);
