using ImGateway.Edge.Proxying.Checks;
using Microsoft.AspNetCore.Http.Timeouts;
using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Proxying;

/// <summary>YARP's endpoints by route id, for one configuration. A request keeps the endpoints it began with.</summary>
sealed class YarpRoutes
{
    readonly Dictionary<string, Endpoint> _endpoints;
    readonly RequestDelegate _forward;

    /// <param name="endpoints">YARP's endpoints.</param>
    /// <param name="app">Builds the middleware that only some configurations need.</param>
    public YarpRoutes(IReadOnlyList<Endpoint> endpoints, IApplicationBuilder app)
    {
        _endpoints = endpoints.ToDictionary(endpoint => endpoint.Metadata.GetRequiredMetadata<RouteModel>().Config.RouteId, StringComparer.OrdinalIgnoreCase);
        var hasTimeouts = endpoints.Any(endpoint => endpoint.Metadata.GetMetadata<RequestTimeoutAttribute>() is not null);
        _forward = hasTimeouts ? WithTimeouts(app) : static context => context.GetEndpoint()!.RequestDelegate!(context);
    }

    public Task ForwardAsync(HttpContext context, ProxyRoute route, ReadOnlySpan<char> path)
    {
        var endpoint = _endpoints[route.Id];
        context.SetEndpoint(endpoint);
        if (endpoint.Metadata.GetRequiredMetadata<RouteModel>().Config.Transforms is { Count: > 0 })
        {
            context.Request.RouteValues[ProxyConfiguration.Remainder] = path[route.Prefix.Length..].TrimStart('/').ToString();
        }

        return _forward(context);
    }

    static RequestDelegate WithTimeouts(IApplicationBuilder app)
    {
        var branch = app.New();
        branch.UseRequestTimeouts();
        branch.Run(context => context.GetEndpoint()!.RequestDelegate!(context));
        return branch.Build();
    }
}
