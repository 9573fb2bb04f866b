using System.Security.Authentication;
using ImGateway.Edge.Tls;
using Microsoft.AspNetCore.Connections;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto.Impl.BC;
using TlsContext = ImGateway.Edge.Tls.TlsContext;

namespace ImGateway.BouncyCastle;

sealed class BouncyCastleContext(TlsContextSettings settings, BcTlsCrypto crypto) : TlsContext
{
    readonly BouncyCastleCredential _credential = new(settings.Credential, crypto);

    public override byte[]? Staple { get; set; } = settings.Staple;

    public override async ValueTask<ITlsSession> AuthenticateAsync(ConnectionContext connection, HandshakeSlot slot, CancellationToken cancellationToken)
    {
        var server = new BouncyCastleServer(settings, _credential, Staple, crypto);
        var protocol = new TlsServerProtocol();
        var stream = new BouncyCastleStream(protocol, connection.Transport);
        try
        {
            protocol.Accept(server);
            while (protocol.IsHandshaking)
            {
                if (!await stream.ReceiveAsync(slot.Release, cancellationToken)) throw new IOException("The client closed the connection.");
            }
        }
        catch (TlsException e)
        {
            throw new AuthenticationException(e.Message, e);
        }

        return new BouncyCastleSession(stream, server);
    }
}
