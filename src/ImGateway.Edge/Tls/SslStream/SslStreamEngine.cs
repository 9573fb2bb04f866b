using System.Security.Authentication;
using ImGateway.Edge.Connections.Listening;
using ImGateway.Edge.Tls.Policy;

namespace ImGateway.Edge.Tls.SslStream;

/// <summary>TLS by .NET's SslStream, which uses OpenSSL.</summary>
sealed class SslStreamEngine(LoadedTlsPolicy policy, TicketScopes scopes) : ITlsEngine
{
    // OpenSSL packs library and reason into an error code; .NET reports it as HResult of the innermost exception.
    const int ReasonMask = 0x7FFFFF;
    const int HttpRequest = 156, NoSharedCipher = 193, UnsupportedProtocol = 258, WrongVersionNumber = 267, VersionTooLow = 396;
    const int AlertOffset = 1000, LastAlert = AlertOffset + 255;

    public SslStreamEngine(LoadedTlsPolicy policy)
        : this(policy, TicketScopes.OfProcess)
    {
    }

    public LoadedTlsPolicy Policy => policy;

    public bool ReleasesBuffersWhenIdle => ReleaseBuffersMode.IsAvailable;

    public bool CanStaple => OcspStaple.IsAvailable;

    public TlsContext CreateContext(TlsContextSettings settings) => new SslStreamContext(settings, scopes);

    /// <summary>Ticket keys belong to an OpenSSL context, which .NET creates for each of these contexts.</summary>
    public void RotateTicketKeys(IEnumerable<TlsContext> served)
    {
        foreach (var context in served.Cast<SslStreamContext>()) context.ReplaceOptions();
    }

    public IListenerTransport CreateTransport(IListenerTransport sockets, TlsMiddleware tls) => sockets;

    public HandshakeFailure Classify(Exception exception) => exception is not AuthenticationException
        ? HandshakeFailure.Other
        : (exception.GetBaseException().HResult & ReasonMask) switch
        {
            NoSharedCipher => HandshakeFailure.NoSharedCipher,
            UnsupportedProtocol or VersionTooLow or WrongVersionNumber => HandshakeFailure.UnsupportedProtocol,
            HttpRequest => HandshakeFailure.NotTls,
            >= AlertOffset and <= LastAlert => HandshakeFailure.ClientAlert,
            _ => HandshakeFailure.Other,
        };
}
