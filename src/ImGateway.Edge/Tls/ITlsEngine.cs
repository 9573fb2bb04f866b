using System.Net.Security;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections.Listening;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Tls;

/// <summary>
/// What computes TLS: a library, and how it is used. Engines differ in cost, never in what a client can see. Everything before and after the
/// cryptography is the same for all of them (<see cref="TlsMiddleware"/>): reading the hello, selection, refusals, limits, timeouts, metrics, log.
/// </summary>
interface ITlsEngine
{
    /// <summary>Whether an idle connection keeps no record buffers.</summary>
    bool ReleasesBuffersWhenIdle { get; }

    /// <summary>Whether <see cref="TlsContext.Staple"/> is sent; else it stays null.</summary>
    bool CanStaple { get; }

    /// <summary>What the handshakes of one name need, made once and not for each connection. Its session tickets resume for no other context.</summary>
    /// <exception cref="InvalidOperationException">The whole delivered chain would not be sent.</exception>
    TlsContext CreateContext(TlsContextSettings settings);

    /// <summary>New keys for the session tickets of everything that is <paramref name="served"/>; handshakes under way keep the old ones.</summary>
    void RotateTicketKeys(IEnumerable<TlsContext> served);

    /// <summary>
    /// The transport of the listeners that speak TLS: <paramref name="sockets"/>, or one of its own. It hands connections to Kestrel at accept or after
    /// their handshake (<see cref="TlsMiddleware.TryHandshakeAsync"/>).
    /// </summary>
    IListenerTransport CreateTransport(IListenerTransport sockets, TlsMiddleware tls);

    /// <summary>Why <see cref="TlsContext.AuthenticateAsync"/> threw <paramref name="exception"/>, which is neither a cancellation nor the connection's own.</summary>
    HandshakeFailure Classify(Exception exception);
}

/// <param name="Credential">What clients are shown.</param>
/// <param name="Policy">Which versions are accepted.</param>
/// <param name="Protocols">For ALPN, the preferred one first.</param>
sealed record TlsContextSettings(Credential Credential, TlsPolicy Policy, IReadOnlyList<SslApplicationProtocol> Protocols)
{
    /// <summary>For challenges alone: neither session tickets nor a stapled OCSP response.</summary>
    public bool IsForChallenges { get; init; }

    /// <summary>The OCSP response to staple; null: none yet.</summary>
    public byte[]? Staple { get; init; }
}

/// <summary>A credential prepared by an engine for the handshakes of one name. What it holds is the engine's own.</summary>
abstract class TlsContext
{
    /// <summary>The OCSP response that handshakes staple; null: none. May be replaced while serving.</summary>
    public abstract byte[]? Staple { get; set; }

    /// <summary>
    /// The server's side of a handshake on <see cref="ConnectionContext.Transport"/>, which may be a pair of pipes in memory. The client hello has been
    /// read, and not consumed.
    /// </summary>
    /// <param name="slot">To be left as soon as there is nothing to compute before the client answers.</param>
    public abstract ValueTask<ITlsSession> AuthenticateAsync(ConnectionContext connection, HandshakeSlot slot, CancellationToken cancellationToken);
}
