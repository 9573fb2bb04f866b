using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Proxying.Checks;
using ImGateway.Edge.Proxying.Upstream;
using ImGateway.Edge.WebSockets;

namespace ImGateway.Edge.Proxying;

/// <summary>Makes the <see cref="RequestPath"/> of each configuration, from what outlives a reload.</summary>
sealed class RequestPathFactory(
    RequestRates rates,
    WebSocketLeases leases,
    UpstreamSockets upstreamSockets,
    Retries retries,
    HttpChallenges challenges,
    UpstreamErrors errors,
    UpstreamResults results,
    ProxyMetrics metrics,
    TimeProvider time,
    ILogger<RequestFlow> logger)
{
    public RequestPath Create(EdgeOptions options, YarpRoutes yarp)
    {
        var (headers, hosts, routes, addresses) = (new SecurityHeaders(options), new HostCheck(options), new RouteTable(options), new ClientAddress(options));
        var flow = new RequestFlow(
            options, headers, hosts, routes, new UpgradeCheck(options, routes), addresses, rates, new UpstreamRequest(addresses),
            leases, upstreamSockets, retries, challenges, errors, results, metrics, time, logger);
        return new RequestPath(flow, new PlainHttp(options, challenges, hosts, metrics, headers, time), yarp, headers, addresses);
    }
}
