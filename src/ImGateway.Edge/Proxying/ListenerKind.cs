using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ImGateway.Edge.Proxying;

/// <summary>What a listener is for, which decides what a request on it may do.</summary>
public enum ListenerKind
{
    Https,
    Http,
    Management,

    /// <summary>The Unix socket by which verbs act on the running edge.</summary>
    Control,
}

/// <summary>
/// The listener a connection came in by, as a connection feature, and what the requests of one connection can share: each fact is
/// replaced as a whole, so that streams of one HTTP/2 connection may race for it.
/// </summary>
public sealed class ListenerFeature(ListenerKind kind)
{
    public ListenerKind Kind => kind;

    internal Peer? Peer { get; set; }

    internal HostVerdict? Host { get; set; }

    internal UpstreamUri? Target { get; set; }
}

public static class ListenerKindExtensions
{
    /// <summary>Marks the connections of a listener. Goes after TLS where there is some.</summary>
    public static void UseListenerKind(this ListenOptions listener, ListenerKind kind) => listener.Use(next => connection =>
    {
        connection.Features.Set(new ListenerFeature(kind));
        return next(connection);
    });
}
