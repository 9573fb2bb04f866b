using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Proxying;

/// <summary>All that serves requests by one configuration: made as a whole, replaced as a whole. What outlives it comes from the container.</summary>
sealed record RequestPath(RequestFlow Flow, PlainHttp Plain, YarpRoutes Yarp, SecurityHeaders Headers, ClientAddress Addresses)
{
    public static RequestPath Create(EdgeOptions options, YarpRoutes yarp, IServiceProvider services)
    {
        var (headers, hosts, routes, addresses) = (new SecurityHeaders(options), new HostCheck(options), new RouteTable(options), new ClientAddress(options));
        var flow = ActivatorUtilities.CreateInstance<RequestFlow>(
            services, options, headers, hosts, routes, new UpgradeCheck(options, routes), addresses, new UpstreamRequest(addresses));
        return new(flow, ActivatorUtilities.CreateInstance<PlainHttp>(services, options, hosts, headers), yarp, headers, addresses);
    }

    public Task InvokeAsync(HttpContext context, ListenerFeature listener) => Flow.InvokeAsync(context, listener, Yarp);
}
