using ImGateway.Edge.Configuration;
using ImGateway.Edge.Proxying.Checks;

namespace ImGateway.Edge.Proxying;

/// <summary>The objects that serve requests under one configuration, created and replaced as a whole (<see cref="CurrentRequestConfiguration"/>).</summary>
sealed class RequestConfiguration
{
    public RequestConfiguration(EdgeOptions options, YarpRoutes yarp)
    {
        (Options, Yarp) = (options, yarp);
        (Headers, Hosts, Routes, Addresses) = (new(options), new(options), new(options), new(options));
        (Upgrades, Upstream) = (new(options, Routes), new(Addresses));
    }

    public EdgeOptions Options { get; }

    public YarpRoutes Yarp { get; }

    public SecurityHeaders Headers { get; }

    public HostCheck Hosts { get; }

    public RouteTable Routes { get; }

    public ClientAddress Addresses { get; }

    public UpgradeCheck Upgrades { get; }

    public UpstreamRequestHeaders Upstream { get; }
}
