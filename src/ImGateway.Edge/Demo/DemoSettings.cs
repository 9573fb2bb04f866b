using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Demo;

/// <param name="Upstream">A real gateway instead of the built-in one.</param>
/// <param name="GatewayOnly">Only the demo gateway, over plain HTTP, without an edge.</param>
/// <param name="Listen">The address of the demo gateway with <paramref name="GatewayOnly"/>.</param>
public sealed record DemoSettings(Uri? Upstream, bool GatewayOnly, ListenAddress? Listen)
{
    /// <summary>The TLS port; null = the default or the next free port, as for the other ports.</summary>
    public int? Https { get; init; }

    public int? Http { get; init; }

    public int? Management { get; init; }
}
