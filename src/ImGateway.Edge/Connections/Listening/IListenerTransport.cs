using System.Net;
using System.Net.Sockets;
using ImGateway.Edge.Connections.Limits;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Connections.Listening;

/// <summary>
/// Accepts connections on a listening socket. Asks <see cref="ListenerAdmission"/> before it allocates anything for a connection. Every connection is
/// counted from accept, even if it is passed to Kestrel only after its handshake.
/// </summary>
interface IListenerTransport
{
    /// <param name="endPoint">The endpoint by which Kestrel identifies the listener.</param>
    IConnectionListener Listen(Socket socket, EndPoint endPoint, ListenerAdmission admission);

    /// <summary>Opens a connection to an upstream, whose consumer continues where those of the accepted connections do. Exceptions of the stream are those of NetworkStream.</summary>
    /// <exception cref="SocketException">The upstream refuses, cannot be reached or does not answer, or the process has no descriptor left.</exception>
    ValueTask<Stream> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken);
}

/// <summary>Decides whether one more connection is accepted. One instance for each kind of listener.</summary>
/// <param name="TryEnter">Counts the connection, or returns the reason of its refusal.</param>
/// <param name="OnRefused">Reports a refusal, with the client's address if it is known.</param>
/// <param name="Undo">Undoes the count of a connection that is not served after all.</param>
/// <param name="Wrap">Wraps the connection; the wrapper undoes the count when its socket has been closed.</param>
sealed record ListenerAdmission(
    Func<ConnectionRefusal> TryEnter, Action<ConnectionRefusal, EndPoint?> OnRefused, Action Undo, Func<ConnectionContext, ConnectionContext> Wrap);
