using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Demo;

/// <param name="Upstream">A real gateway instead of the built-in one.</param>
/// <param name="GatewayOnly">Just the demo gateway, over plain HTTP.</param>
/// <param name="Listen">Where the demo gateway listens with <paramref name="GatewayOnly"/>.</param>
public sealed record DemoSettings(Uri? Upstream, bool GatewayOnly, ListenAddress? Listen)
{
    /// <summary>The port of TLS; null = the default or the next free one, as of the others.</summary>
    public int? Https { get; init; }

    public int? Http { get; init; }

    public int? Management { get; init; }
}
