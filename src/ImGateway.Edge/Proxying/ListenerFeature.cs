using ImGateway.Edge.Connections;
using ImGateway.Edge.Tls;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// The listener a connection came in by, as a connection feature, and what the requests of one connection can share: each fact is
/// replaced as a whole, so that streams of one HTTP/2 connection may race for it.
/// </summary>
public sealed class ListenerFeature(ListenerKind kind)
{
    /// <summary>As many as may be open at a time: a client that leaves takes them all back.</summary>
    const int MostTakenBack = 100;

    int _takenBack;

    public ListenerKind Kind => kind;

    /// <summary>Its host has no certificate yet: all but challenges is refused.</summary>
    internal bool IsForChallenges { get; init; }

    internal Peer? Peer { get; set; }

    internal HostVerdict? Host { get; set; }

    internal UpstreamUri? Target { get; set; }

    /// <summary>Told of the end of each HTTP/2 stream; true, once, when more were taken back than ended in order, by far.</summary>
    internal bool IsFlooded(bool takenBack)
    {
        if (takenBack) return Interlocked.Increment(ref _takenBack) == MostTakenBack + 1;
        if (Volatile.Read(ref _takenBack) > 0) Interlocked.Decrement(ref _takenBack);
        return false;
    }
}

public static class ListenerKindExtensions
{
    /// <summary>Marks the connections of a listener. Goes after TLS where there is some.</summary>
    public static void UseListenerKind(this ListenOptions listener, ListenerKind kind) => listener.Use(next => connection =>
    {
        connection.Features.Set(new ListenerFeature(kind) { IsForChallenges = connection.Features.Get<TlsConnectionInfo>() is { IsStandIn: true } });
        return next(connection);
    });
}
