using ImGateway.Edge.Proxying.Upstream;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Proxying;

/// <summary>Decorates YARP's passive health policies: leaves out failures of this machine, and WebSockets, which are evaluated when they end.</summary>
sealed class PassiveHealthCheckFilter(IPassiveHealthCheckPolicy policy) : IPassiveHealthCheckPolicy
{
    public string Name => policy.Name;

    public void RequestProxied(HttpContext context, ClusterState cluster, DestinationState destination)
    {
        // DestinationWebSockets evaluates a WebSocket when it ends.
        if (context.Features.Get<WebSocketUpgrade>() is { Lease.IsGranted: true }) return;
        if (!LocalResourceExhaustion.IsCauseOf(context.Features.Get<IForwarderErrorFeature>()?.Exception)) policy.RequestProxied(context, cluster, destination);
    }
}
