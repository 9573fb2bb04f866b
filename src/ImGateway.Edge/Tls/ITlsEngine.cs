using System.Net.Security;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections.Listening;
using ImGateway.Edge.Tls.Policy;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Tls;

/// <summary>
/// A TLS implementation. Engines differ in cost, never in behaviour that clients can observe. Everything before and after the
/// handshake itself is shared (<see cref="TlsMiddleware"/>): reading the ClientHello, selection, alerts, limits, time-outs, metrics, log.
/// </summary>
interface ITlsEngine
{
    /// <summary>The name in metrics and status.</summary>
    string Name { get; }

    /// <summary>The TLS policy of its handshakes: versions, cipher suites, groups.</summary>
    LoadedTlsPolicy Policy { get; }

    /// <summary>Whether idle connections release their record buffers.</summary>
    bool ReleasesBuffersWhenIdle { get; }

    /// <summary>Whether the engine sends <see cref="TlsContext.Staple"/>; if not, it stays null.</summary>
    bool CanStaple { get; }

    /// <summary>
    /// Creates the context for the handshakes of one name, once and not for each connection. Its sessions must not resume in a context of another
    /// <see cref="TlsContextSettings.SessionScope"/>. What is costly may be left to <see cref="TlsContext.Prepare"/> or the first handshake.
    /// </summary>
    /// <exception cref="InvalidOperationException">The engine would not send the complete chain.</exception>
    TlsContext CreateContext(TlsContextSettings settings);

    /// <summary>Replaces the session ticket keys of all <paramref name="served"/> contexts; handshakes in progress keep the old ones.</summary>
    void RotateTicketKeys(IEnumerable<TlsContext> served);

    /// <summary>
    /// The transport of TLS listeners: <paramref name="sockets"/>, or the engine's own. It passes connections to Kestrel at accept or after
    /// their handshake (<see cref="TlsMiddleware.TryHandshakeAsync"/>).
    /// </summary>
    IListenerTransport CreateTransport(IListenerTransport sockets, IServiceProvider services);

    /// <summary>Classifies an exception of <see cref="TlsContext.AuthenticateAsync"/> that is neither a cancellation nor an I/O error of the connection.</summary>
    HandshakeFailure Classify(Exception exception);
}

/// <param name="Credential">The certificate chain and key.</param>
/// <param name="Policy">The accepted TLS versions.</param>
/// <param name="Protocols">The ALPN protocols, preferred first.</param>
sealed record TlsContextSettings(Credential Credential, TlsPolicy Policy, IReadOnlyList<SslApplicationProtocol> Protocols)
{
    /// <summary>A context for ACME challenges only, without session tickets and OCSP stapling.</summary>
    public bool IsForChallenges { get; init; }

    /// <summary>The OCSP response to staple; null if there is none yet.</summary>
    public byte[]? Staple { get; init; }

    /// <summary>The name, and a number that grows when its sessions must end. Sessions may resume in contexts with the same scope, and in no other.</summary>
    public string SessionScope { get; init; } = "";
}

/// <summary>A credential prepared by an engine for the handshakes of one name (like an SSL_CTX).</summary>
abstract class TlsContext
{
    /// <summary>The OCSP response that handshakes staple; null = none. May be replaced while serving.</summary>
    public abstract byte[]? Staple { get; set; }

    /// <summary>Completes what <see cref="ITlsEngine.CreateContext"/> has left to the first handshake.</summary>
    /// <exception cref="InvalidOperationException">The engine would not send the complete chain.</exception>
    public virtual void Prepare()
    {
    }

    /// <summary>
    /// Performs the server's side of a handshake on <see cref="ConnectionContext.Transport"/>, which may be a pair of pipes in memory. The ClientHello has been
    /// read, but not consumed.
    /// </summary>
    /// <param name="slot">To be released as soon as the engine only waits for the client.</param>
    public abstract ValueTask<ITlsSession> AuthenticateAsync(ConnectionContext connection, HandshakeSlot slot, CancellationToken cancellationToken);
}
