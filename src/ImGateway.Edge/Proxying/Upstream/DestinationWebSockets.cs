using System.Runtime.CompilerServices;
using ImGateway.Edge.WebSockets;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Proxying.Upstream;

/// <summary>
/// The open WebSockets of each destination. For YARP a WebSocket ends at its 101: its own concurrency counter falls, and its passive health checks would
/// evaluate it there. So sockets are counted here for load balancing, and evaluated when they end.
/// </summary>
sealed class DestinationWebSockets(IEnumerable<IPassiveHealthCheckPolicy> policies)
{
    readonly ConditionalWeakTable<DestinationState, StrongBox<int>> _open = [];

    /// <summary>Requests in progress at a destination, including open WebSockets.</summary>
    public int ConcurrentRequests(DestinationState destination) =>
        destination.ConcurrentRequestCount + (_open.TryGetValue(destination, out var count) ? Volatile.Read(ref count.Value) : 0);

    /// <summary>Counts a WebSocket until its lease notifies the returned observer.</summary>
    public IWebSocketObserver Add(ClusterState cluster, DestinationState destination)
    {
        var count = _open.GetOrCreateValue(destination);
        Interlocked.Increment(ref count.Value);
        return new Socket(this, cluster, destination, count);
    }

    void OnEnded(ClusterState cluster, DestinationState destination, RelayOutcome? end)
    {
        if (cluster.Model.Config.HealthCheck?.Passive is not { Enabled: true } passive) return;
        var name = passive.Policy ?? HealthCheckConstants.PassivePolicy.TransportFailureRate;
        // A policy reads the error from a context: an empty one, because the request's context may serve another request by now.
        var context = new DefaultHttpContext();
        if (end is not null && ErrorOf(end.Fault) is not ForwarderError.None and var error) context.Features.Set<IForwarderErrorFeature>(new BrokenSocket(error, end.Exception));
        policies.First(policy => string.Equals(policy.Name, name, StringComparison.OrdinalIgnoreCase)).RequestProxied(context, cluster, destination);
    }

    /// <summary>YARP's error for the end of an upgraded request.</summary>
    static ForwarderError ErrorOf(RelayFault fault) => fault switch
    {
        RelayFault.ClientRead => ForwarderError.UpgradeRequestClient,
        RelayFault.ClientWrite => ForwarderError.UpgradeResponseClient,
        RelayFault.UpstreamRead => ForwarderError.UpgradeResponseDestination,
        RelayFault.UpstreamWrite => ForwarderError.UpgradeRequestDestination,
        RelayFault.IdleTimeout => ForwarderError.UpgradeActivityTimeout,
        _ => ForwarderError.None,
    };

    sealed class Socket(DestinationWebSockets all, ClusterState cluster, DestinationState destination, StrongBox<int> count) : IWebSocketObserver
    {
        public void OnEnded(OpenWebSocket? socket, RelayOutcome? end)
        {
            Interlocked.Decrement(ref count.Value);
            all.OnEnded(cluster, destination, end);
        }
    }

    sealed record BrokenSocket(ForwarderError Error, Exception? Exception) : IForwarderErrorFeature;
}
