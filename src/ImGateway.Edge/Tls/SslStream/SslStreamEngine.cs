using System.Security.Authentication;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections.Listening;
using ImGateway.Edge.Tls.Policy;

namespace ImGateway.Edge.Tls.SslStream;

/// <summary>TLS by .NET's SslStream, which uses OpenSSL.</summary>
sealed class SslStreamEngine(LoadedTlsPolicy policy, TicketScopes scopes) : ITlsEngine
{
    public SslStreamEngine(LoadedTlsPolicy policy)
        : this(policy, TicketScopes.OfProcess)
    {
    }

    public string Name => nameof(TlsEngine.SslStream);

    public LoadedTlsPolicy Policy => policy;

    public bool ReleasesBuffersWhenIdle => ReleaseBuffersMode.IsAvailable;

    public bool CanStaple => OcspStaple.IsAvailable;

    public TlsContext CreateContext(TlsContextSettings settings) => new SslStreamContext(settings, scopes);

    /// <summary>Ticket keys belong to an OpenSSL context, which .NET creates for each of these contexts.</summary>
    public void RotateTicketKeys(IEnumerable<TlsContext> served)
    {
        foreach (var context in served.Cast<SslStreamContext>()) context.DropOptions();
    }

    public IListenerTransport CreateTransport(IListenerTransport sockets, IServiceProvider services) => sockets;

    public HandshakeFailure Classify(Exception exception) =>
        exception is AuthenticationException ? HandshakeFailures.OfOpenSslError(exception.GetBaseException().HResult) : HandshakeFailure.Other;
}
