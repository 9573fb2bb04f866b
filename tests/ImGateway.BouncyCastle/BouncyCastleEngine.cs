using ImGateway.Edge.Connections.Listening;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.Policy;
using Microsoft.Extensions.DependencyInjection;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto.Impl.BC;
using TlsContext = ImGateway.Edge.Tls.TlsContext;

namespace ImGateway.BouncyCastle;

/// <summary>
/// TLS by the server of BouncyCastle, which shares no code with OpenSSL: what passes the tests of the edge with it does not depend on .NET's
/// SslStream. It has no session tickets, so that nothing resumes, and hands connections to Kestrel
/// only after their handshake.
/// </summary>
sealed class BouncyCastleEngine : ITlsEngine
{
    readonly BcTlsCrypto _crypto = new(new SecureRandom());

    public string Name => "BouncyCastle";

    /// <summary>Written in <see cref="BouncyCastleServer"/>; no file sets it.</summary>
    public LoadedTlsPolicy Policy { get; } = new("the BouncyCastle engine", Problem: null, "correct its server");

    public bool ReleasesBuffersWhenIdle => true;

    public bool CanStaple => true;

    public TlsContext CreateContext(TlsContextSettings settings) => new BouncyCastleContext(settings, _crypto);

    public void RotateTicketKeys(IEnumerable<TlsContext> served)
    {
        // There are no tickets.
    }

    public IListenerTransport CreateTransport(IListenerTransport sockets, IServiceProvider services) => new HandshakeFirstTransport(sockets, services.GetRequiredService<TlsMiddleware>());

    public HandshakeFailure Classify(Exception exception) => exception.GetBaseException() switch
    {
        TlsFatalAlertReceived => HandshakeFailure.ClientAlert,
        TlsFatalAlert { AlertDescription: AlertDescription.protocol_version } => HandshakeFailure.UnsupportedProtocol,
        TlsFatalAlert { AlertDescription: AlertDescription.handshake_failure } => HandshakeFailure.NoSharedCipher,
        _ => HandshakeFailure.Other,
    };
}
