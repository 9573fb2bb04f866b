using ImGateway.Edge.Configuration;
using ImGateway.Edge.Proxying.Upstream;
using Microsoft.AspNetCore.Http.Features;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// YARP's pipeline, built once. The edge matches the route before, on the raw path, so ASP.NET Core's matcher, which decodes the path and ignores
/// case, is not used.
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

    /// <summary>A snapshot of YARP's endpoints in force; later reloads do not change it.</summary>
    public YarpRoutes Routes() => new([.. DataSources.SelectMany(source => source.Endpoints)], _app);

    /// <exception cref="UserError">YARP rejected the ReverseProxy section.</exception>
    void Map()
    {
        try
        {
            this.MapReverseProxy(proxy =>
            {
                proxy.Use(ExcludeFailedDestinations);
                proxy.UseSessionAffinity();
                proxy.UseLoadBalancing();
                proxy.Use(next => WithPassiveChecks(proxy, next));
            });
        }
        catch (Exception e) when (ProxyConfiguration.IsConfigurationError(e))
        {
            throw ProxyConfiguration.ToUserError(e);
        }
    }

    /// <summary>Runs before affinity and load balancing, so that a retried request uses destinations that it has not tried.</summary>
    static Task ExcludeFailedDestinations(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<FailedAttempts>() is { } attempts)
        {
            var feature = context.GetReverseProxyFeature();
            feature.AvailableDestinations = attempts.Exclude(feature.AvailableDestinations);
        }

        return next(context);
    }

    /// <summary>Middleware that a reload may enable; while disabled it is bypassed, because it would cost every request a state machine.</summary>
    static RequestDelegate WithPassiveChecks(IReverseProxyApplicationBuilder proxy, RequestDelegate next)
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
