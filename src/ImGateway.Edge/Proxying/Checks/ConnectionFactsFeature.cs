using ImGateway.Edge.Connections;
using ImGateway.Edge.Tls;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ImGateway.Edge.Proxying.Checks;

/// <summary>
/// Connection feature with the listener of the connection, and facts that its requests share. Each fact is
/// replaced as a whole, so concurrent streams of an HTTP/2 connection may set it.
/// </summary>
public sealed class ConnectionFactsFeature(ListenerKind kind)
{
    /// <summary>The largest number of resets, equal to that of open streams: a client that disconnects resets all of them.</summary>
    const int MaxRapidResets = 100;

    int _rapidResets;

    public ListenerKind Kind => kind;

    /// <summary>The host has no certificate yet: only challenge requests are answered.</summary>
    internal bool IsForChallenges { get; init; }

    internal Peer? Peer { get; set; }

    internal HostCheckResult? Host { get; set; }

    internal UpstreamUri? Target { get; set; }

    /// <summary>Called at the end of each HTTP/2 stream; returns true, once, when rapid resets exceed completed streams by <see cref="MaxRapidResets"/>.</summary>
    internal bool ExceedsRapidResets(bool isRapidReset)
    {
        if (isRapidReset) return Interlocked.Increment(ref _rapidResets) == MaxRapidResets + 1;
        if (Volatile.Read(ref _rapidResets) > 0) Interlocked.Decrement(ref _rapidResets);
        return false;
    }
}

public static class ListenerKindExtensions
{
    /// <summary>Adds the feature to the connections of a listener. Must come after TLS.</summary>
    public static void UseListenerKind(this ListenOptions listener, ListenerKind kind) => listener.Use(next => connection =>
    {
        connection.Features.Set(new ConnectionFactsFeature(kind) { IsForChallenges = connection.Features.Get<TlsConnectionInfo>() is { IsTemporary: true } });
        return next(connection);
    });
}
