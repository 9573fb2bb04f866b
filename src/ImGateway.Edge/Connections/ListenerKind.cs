namespace ImGateway.Edge.Connections;

/// <summary>The purpose of a listener, which decides how its requests are handled.</summary>
public enum ListenerKind
{
    Https,
    Http,
    Management,

    /// <summary>The Unix socket for verbs.</summary>
    Control,
}
