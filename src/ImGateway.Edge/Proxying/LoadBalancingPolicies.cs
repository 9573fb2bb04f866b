using ImGateway.Edge.Proxying.Upstream;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Proxying;

/// <summary>YARP's LeastRequests, by a count that includes open WebSockets (<see cref="DestinationWebSockets"/>).</summary>
sealed class LeastRequests(DestinationWebSockets sockets) : ILoadBalancingPolicy
{
    public string Name => LoadBalancingPolicies.LeastRequests;

    public DestinationState? PickDestination(HttpContext context, ClusterState cluster, IReadOnlyList<DestinationState> availableDestinations)
    {
        var (least, fewest) = (default(DestinationState), int.MaxValue);
        // By index, because an enumerator of the interface is allocated.
        for (var i = 0; i < availableDestinations.Count; i++)
        {
            var requests = sockets.ConcurrentRequests(availableDestinations[i]);
            if (least is null || requests < fewest) (least, fewest) = (availableDestinations[i], requests);
        }

        return least;
    }
}

/// <summary>YARP's PowerOfTwoChoices, its default, by that count: of two random destinations the one with fewer.</summary>
sealed class PowerOfTwoChoices(DestinationWebSockets sockets, Random random) : ILoadBalancingPolicy
{
    public string Name => LoadBalancingPolicies.PowerOfTwoChoices;

    public DestinationState? PickDestination(HttpContext context, ClusterState cluster, IReadOnlyList<DestinationState> availableDestinations)
    {
        var count = availableDestinations.Count;
        if (count < 2) return count == 1 ? availableDestinations[0] : null;
        var (one, other) = (random.Next(count), random.Next(count - 1));
        if (other >= one) other++;
        var (first, second) = (availableDestinations[one], availableDestinations[other]);
        return sockets.ConcurrentRequests(first) <= sockets.ConcurrentRequests(second) ? first : second;
    }
}
