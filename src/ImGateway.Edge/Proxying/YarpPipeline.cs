using ImGateway.Edge.Configuration;
using Microsoft.AspNetCore.Http.Timeouts;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// YARP's endpoints by route id. The route is matched before, on the path as sent, so ASP.NET Core's matcher, which decodes and ignores
/// case, has no say and costs nothing.
/// </summary>
sealed class YarpPipeline : IEndpointRouteBuilder
{
    readonly IApplicationBuilder _app;
    readonly Dictionary<string, Endpoint> _endpoints;
    readonly RequestDelegate _forward;

    public YarpPipeline(IApplicationBuilder app)
    {
        _app = app;
        Map();
        _endpoints = DataSources.SelectMany(source => source.Endpoints)
            .ToDictionary(endpoint => endpoint.Metadata.GetRequiredMetadata<RouteModel>().Config.RouteId, StringComparer.OrdinalIgnoreCase);
        _forward = HasTimeouts ? WithTimeouts() : static context => context.GetEndpoint()!.RequestDelegate!(context);
    }

    public ICollection<EndpointDataSource> DataSources { get; } = [];

    public IServiceProvider ServiceProvider => _app.ApplicationServices;

    bool HasTimeouts => _endpoints.Values.Any(endpoint => endpoint.Metadata.GetMetadata<RequestTimeoutAttribute>() is not null);

    public IApplicationBuilder CreateApplicationBuilder() => _app.New();

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

    /// <exception cref="UserError">YARP cannot do what the ReverseProxy section says.</exception>
    void Map()
    {
        try
        {
            var clusters = ServiceProvider.GetServices<IProxyConfigProvider>().SelectMany(provider => provider.GetConfig().Clusters);
            var checksPassively = clusters.Any(cluster => cluster.HealthCheck?.Passive?.Enabled == true);
            this.MapReverseProxy(proxy =>
            {
                proxy.UseSessionAffinity();
                proxy.UseLoadBalancing();
                // Costs every request a state machine.
                if (checksPassively) proxy.UsePassiveHealthChecks();
            });
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or ArgumentException or KeyNotFoundException)
        {
            var reason = e.GetBaseException() is AggregateException { InnerExceptions: [var first, ..] } ? first : e.GetBaseException();
            throw new UserError($"{ProxyConfiguration.Section}: {reason.Message.TrimEnd('.')}; correct the section", e);
        }
    }

    RequestDelegate WithTimeouts()
    {
        var app = _app.New();
        app.UseRequestTimeouts();
        app.Run(context => context.GetEndpoint()!.RequestDelegate!(context));
        return app.Build();
    }
}
