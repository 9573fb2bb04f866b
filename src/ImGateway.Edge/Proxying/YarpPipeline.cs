using System.Runtime.CompilerServices;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.WebSockets;
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
    readonly TimeSpan _idleTimeout;
    readonly ConditionalWeakTable<ClusterModel, ClusterModel> _webSocketClusters = [];
    readonly RequestDelegate _forward;

    public YarpPipeline(IApplicationBuilder app, EdgeOptions options)
    {
        _app = app;
        // Longer than a timer can count: for ever.
        _idleTimeout = options.WebSockets.IdleTimeout.TotalMilliseconds < int.MaxValue ? options.WebSockets.IdleTimeout : TimeSpan.FromMilliseconds(int.MaxValue);
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
                proxy.Use(GiveWebSocketsTheirTimeout);
                proxy.Use(LeaveOutWhatFailed);
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

    /// <summary>Before affinity and balancing, which then choose among the destinations that a repeated request has not tried.</summary>
    static Task LeaveOutWhatFailed(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<Attempts>() is { } attempts)
        {
            var feature = context.GetReverseProxyFeature();
            feature.AvailableDestinations = attempts.Without(feature.AvailableDestinations);
        }

        return next(context);
    }

    RequestDelegate WithTimeouts()
    {
        var app = _app.New();
        app.UseRequestTimeouts();
        app.Run(context => context.GetEndpoint()!.RequestDelegate!(context));
        return app.Build();
    }

    /// <summary>Requests and WebSockets share a cluster, so that balancing counts both; how long they may be silent differs.</summary>
    Task GiveWebSocketsTheirTimeout(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<WebSocketSession>() is not null)
        {
            var feature = (ReverseProxyFeature)context.GetReverseProxyFeature();
            feature.Cluster = _webSocketClusters.GetValue(feature.Cluster, cluster => new ClusterModel(
                cluster.Config with { HttpRequest = (cluster.Config.HttpRequest ?? new()) with { ActivityTimeout = _idleTimeout } }, cluster.HttpClient));
        }

        return next(context);
    }
}
