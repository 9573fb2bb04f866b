using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Demo;

/// <param name="Upstream">A real gateway instead of the built-in one.</param>
/// <param name="GatewayOnly">Just the demo gateway, over plain HTTP.</param>
/// <param name="Listen">Where the demo gateway listens with <paramref name="GatewayOnly"/>.</param>
public sealed record DemoSettings(Uri? Upstream, bool GatewayOnly, ListenAddress? Listen);
