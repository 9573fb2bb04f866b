using ImGateway.Edge.Configuration;
using ImGateway.Edge.Proxying;
using ImGateway.Edge.Proxying.Upstream;
using Yarp.ReverseProxy;

namespace ImGateway.Edge.Operations.Status;

/// <summary>The status of each gateway, collected on request.</summary>
sealed class UpstreamStatuses(CurrentOptions options, IProxyStateLookup? proxy = null, UpstreamProbes? probes = null, UpstreamResults? results = null, UpstreamPorts? ports = null, UpstreamSockets? sockets = null)
{
    public IReadOnlyList<UpstreamStatus> Read()
    {
        if (proxy is null) return [.. options.Value.Upstreams.Select(upstream => new UpstreamStatus(upstream.GetLeftPart(UriPartial.Authority), UpstreamStatus.Unknown))];
        return
        [
            .. from cluster in proxy.GetClusters()
               from destination in cluster.DestinationsState.AllDestinations
               select UpstreamStatus.Of(destination, probes?.Of(destination), results?.Of(destination), sockets?.UnderWay(destination) ?? destination.ConcurrentRequestCount) with { Ports = ports?.To(destination.Model.Config.Address) },
        ];
    }
}
