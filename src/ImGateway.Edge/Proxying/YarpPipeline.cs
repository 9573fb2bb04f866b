using ImGateway.Edge.Configuration;
using Microsoft.AspNetCore.Http.Features;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// YARP's pipeline, built once. The route is matched before, on the path as sent, so ASP.NET Core's matcher, which decodes and ignores
/// case, has no say and costs nothing.
/// </summary>
sealed class YarpPipeline : IEndpointRouteBuilder
{
    readonly IApplicationBuilder _app;

    public YarpPipeline(IApplicationBuilder app)
    {
        _app = app;
        Map();
    }

    public ICollection<EndpointDataSource> DataSources { get; } = [];

    public IServiceProvider ServiceProvider => _app.ApplicationServices;

    public IApplicationBuilder CreateApplicationBuilder() => _app.New();

    /// <summary>What YARP has in force now: later reloads do not change it.</summary>
    public YarpRoutes Routes() => new([.. DataSources.SelectMany(source => source.Endpoints)], _app);

    /// <exception cref="UserError">YARP cannot do what the ReverseProxy section says.</exception>
    void Map()
    {
        try
        {
            this.MapReverseProxy(proxy =>
            {
                proxy.Use(LeaveOutWhatFailed);
                proxy.UseSessionAffinity();
                proxy.UseLoadBalancing();
                proxy.Use(next => CheckPassively(proxy, next));
            });
        }
        catch (Exception e) when (ProxyConfiguration.IsMistake(e))
        {
            throw ProxyConfiguration.Mistake(e);
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

    /// <summary>A reload may switch them on; where they are off, they would cost every request a state machine.</summary>
    static RequestDelegate CheckPassively(IReverseProxyApplicationBuilder proxy, RequestDelegate next)
    {
        var branch = new Branch(proxy.New());
        branch.UsePassiveHealthChecks();
        branch.Run(next);
        var checks = branch.Build();
        return context => context.GetReverseProxyFeature().Cluster.Config.HealthCheck?.Passive?.Enabled == true ? checks(context) : next(context);
    }

    sealed class Branch(IApplicationBuilder app) : IReverseProxyApplicationBuilder
    {
        public IServiceProvider ApplicationServices
        {
            get => app.ApplicationServices;
            set => app.ApplicationServices = value;
        }

        public IFeatureCollection ServerFeatures => app.ServerFeatures;

        public IDictionary<string, object?> Properties => app.Properties;

        public RequestDelegate Build() => app.Build();

        public IApplicationBuilder New() => app.New();

        public IApplicationBuilder Use(Func<RequestDelegate, RequestDelegate> middleware)
        {
            app.Use(middleware);
            return this;
        }
    }
}
