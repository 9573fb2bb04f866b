using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using ImGateway.Edge.Connections.Listening;
using ImGateway.Edge.Tls;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.BouncyCastle;

/// <summary>Accepts by another transport, and hands to Kestrel what has completed its handshake.</summary>
sealed class HandshakeFirstTransport(IListenerTransport accepting, TlsMiddleware tls) : IListenerTransport
{
    public IConnectionListener Listen(Socket socket, EndPoint endPoint, ListenerAdmission admission) => new Listener(accepting.Listen(socket, endPoint, admission), tls);

    public ValueTask<Stream> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken) => accepting.ConnectAsync(endPoint, cancellationToken);

    sealed class Listener : IConnectionListener
    {
        readonly Channel<ConnectionContext> _ready = Channel.CreateUnbounded<ConnectionContext>();
        readonly IConnectionListener _accepting;
        readonly TlsMiddleware _tls;
        readonly Task _loop;

        public Listener(IConnectionListener accepting, TlsMiddleware tls)
        {
            (_accepting, _tls) = (accepting, tls);
            _loop = AcceptAsync();
        }

        public EndPoint EndPoint => _accepting.EndPoint;

        /// <summary>Null only when nothing is accepted any more and no handshake is under way.</summary>
        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
            await _ready.Reader.WaitToReadAsync(cancellationToken) && _ready.Reader.TryRead(out var connection) ? connection : null;

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => _accepting.UnbindAsync(cancellationToken);

        public async ValueTask DisposeAsync()
        {
            await _accepting.DisposeAsync();
            await _loop;
        }

        async Task AcceptAsync()
        {
            List<Task> handshakes = [];
            while (await _accepting.AcceptAsync() is { } connection)
            {
                handshakes.RemoveAll(handshake => handshake.IsCompleted);
                handshakes.Add(Task.Run(() => HandshakeAsync(connection)));
            }

            await Task.WhenAll(handshakes);
            _ready.Writer.Complete();
        }

        async Task HandshakeAsync(ConnectionContext connection)
        {
            if (await _tls.TryHandshakeAsync(connection)) await _ready.Writer.WriteAsync(connection);
            else await connection.DisposeAsync();
        }
    }
}
