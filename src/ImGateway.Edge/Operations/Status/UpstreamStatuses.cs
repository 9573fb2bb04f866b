using ImGateway.Edge.Proxying;
using ImGateway.Edge.Proxying.Upstream;
using Yarp.ReverseProxy;

namespace ImGateway.Edge.Operations.Status;

/// <summary>The status of each gateway, collected on request.</summary>
sealed class UpstreamStatuses(IProxyStateLookup proxy, ActiveHealthCheckResults healthChecks, DestinationResults results, SourcePortUsage ports, DestinationWebSockets sockets)
{
    public IReadOnlyList<UpstreamStatus> Read() =>
    [
        .. from cluster in proxy.GetClusters()
           from destination in cluster.DestinationsState.AllDestinations
           select UpstreamStatus.Of(destination, healthChecks.Of(destination), results.Of(destination), sockets.ConcurrentRequests(destination)) with { Ports = ports.UsageOf(destination.Model.Config.Address) },
    ];
}
