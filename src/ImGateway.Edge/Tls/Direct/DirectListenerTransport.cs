using System.Net;
using System.Net.Sockets;
using ImGateway.DirectTls.Transport;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.Connections.Listening;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Tls.Direct;

/// <summary>The engine's transport behind the edge's admission. Kestrel gets connections at accept; <see cref="TlsMiddleware"/> awaits the handshake.</summary>
sealed class DirectListenerTransport(DirectTransport transport) : IListenerTransport, IDisposable
{
    public IConnectionListener Listen(Socket socket, EndPoint endPoint, ListenerAdmission admission) => transport.Listen(
        socket,
        endPoint,
        new AcceptPolicy(
            client =>
            {
                if (admission.TryEnter() is not ConnectionRefusal.None and var refusal)
                {
                    admission.OnRefused(refusal, client);
                    return false;
                }

                return true;
            },
            admission.Undo,
            admission.Wrap));

    public ValueTask<Stream> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken) => new(transport.ConnectAsync(endPoint, cancellationToken));

    public void Dispose() => transport.Dispose();
}
