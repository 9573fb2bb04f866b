using ImGateway.Edge.Proxying;
using ImGateway.Edge.Proxying.Upstream;
using Yarp.ReverseProxy;

namespace ImGateway.Edge.Operations.Status;

/// <summary>The status of each gateway, collected on request.</summary>
sealed class UpstreamStatuses(IProxyStateLookup proxy, UpstreamProbes probes, UpstreamResults results, UpstreamPorts ports, UpstreamSockets sockets)
{
    public IReadOnlyList<UpstreamStatus> Read() =>
    [
        .. from cluster in proxy.GetClusters()
           from destination in cluster.DestinationsState.AllDestinations
           select UpstreamStatus.Of(destination, probes.Of(destination), results.Of(destination), sockets.UnderWay(destination)) with { Ports = ports.To(destination.Model.Config.Address) },
    ];
}
