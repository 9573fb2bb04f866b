namespace ImGateway.Edge.Connections;

/// <summary>What a listener is for, which decides what a request on it may do.</summary>
public enum ListenerKind
{
    Https,
    Http,
    Management,

    /// <summary>The Unix socket by which verbs act on the running edge.</summary>
    Control,
}
