namespace ImGateway.Edge.Connections.Limits;

/// <summary>Why a connection is refused: the values of the metric label <c>reason</c>.</summary>
enum ConnectionRefusal
{
    None,
    Connections,
    ConnectionsPerAddress,
    Handshakes,
    ProxyProtocol,

    /// <summary>The process has no file descriptors left for one more.</summary>
    Descriptors,

    /// <summary>The control group has no memory left for one more.</summary>
    Memory,
}

static class ConnectionRefusals
{
    public static string Label(this ConnectionRefusal refusal) => refusal switch
    {
        ConnectionRefusal.Connections => "connections",
        ConnectionRefusal.ConnectionsPerAddress => "connections_per_address",
        ConnectionRefusal.Handshakes => "handshakes",
        ConnectionRefusal.ProxyProtocol => "proxy_protocol",
        ConnectionRefusal.Descriptors => "descriptors",
        ConnectionRefusal.Memory => "memory",
        _ => throw new ArgumentOutOfRangeException(nameof(refusal), refusal, "no refusal"),
    };
}
