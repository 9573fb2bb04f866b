using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Proxying.Checks;
using ImGateway.Edge.Proxying.Upstream;
using ImGateway.Edge.WebSockets;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Prometheus;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.LoadBalancing;

namespace ImGateway.Edge.Proxying;

static class ProxyingRegistration
{
    public static IServiceCollection AddProxying(this IServiceCollection services, EdgeOptions options, IConfiguration configuration)
    {
        // 1. The objects that serve requests.
        services.AddSingleton<RequestFlow>().AddSingleton<PlainHttpHandler>().AddSingleton<CurrentRequestConfiguration>();
        services.AddSingleton(new Reloadable<ClientAddress>(new ClientAddress(options)));
        services.AddSingleton<RequestRateLimiter>();

        // 2. YARP, configured by Edge and overridden by the user's ReverseProxy section.
        services.AddSingleton<IForwarderHttpClientFactory, UpstreamClientFactory>().AddSingleton<SourcePortUsage>().AddSingleton<FailedAddresses>();
        var config = ProxyConfiguration.Read(options, configuration);
        services.AddReverseProxy().LoadFromMemory(config.Routes, config.Clusters).AddTransforms<UpstreamTransforms>();
        services.AddSingleton<YarpConfiguration>().AddSingleton<IConfigChangeListener>(provider => provider.GetRequiredService<YarpConfiguration>());
        services.AddRequestTimeouts();
        services.Configure<KeyManagementOptions>(keys => (keys.XmlRepository, keys.XmlEncryptor) = (new InMemoryKeyRepository(), new NullXmlEncryptor()));
        // YARP registers authorization for policies, which the ReverseProxy section may not use here; every request would pass its middleware.
        services.RemoveAll<IAuthorizationHandlerProvider>();

        // 3. Decorators of YARP: load balancing that counts WebSockets until they end (YARP's own counters end with its forwarder), and logging of health
        // changes.
        services.AddSingleton<DestinationWebSockets>().AddSingleton<LeastRequests>().AddSingleton<PowerOfTwoChoices>().AddSingleton<ActiveHealthCheckResults>();
        services.Decorate<ILoadBalancingPolicy>((policy, provider) => policy.Name switch
        {
            nameof(LoadBalancingPolicies.LeastRequests) => provider.GetRequiredService<LeastRequests>(),
            nameof(LoadBalancingPolicies.PowerOfTwoChoices) => provider.GetRequiredService<PowerOfTwoChoices>(),
            _ => policy,
        });
        services.Decorate<IActiveHealthCheckPolicy, ActiveHealthCheckRecorder>().Decorate<IPassiveHealthCheckPolicy, PassiveHealthCheckFilter>();
        services.Decorate<IDestinationHealthUpdater, HealthChangeLog>();

        // 4. After forwarding: retries, holding, errors, WebSockets, event streams.
        services.AddSingleton<Retries>().AddSingleton<HoldQueue>().AddSingleton<UpstreamFailureHandler>().AddSingleton<DestinationResults>();
        return services.AddSingleton<WebSocketRegistry>().AddSingleton<WebSocketLeases>().AddSingleton<WebSocketMetrics>().AddSingleton<OpenEventStreams>().AddSingleton<ProxyMetrics>();
    }

    /// <summary>Handles requests of the public listeners; other requests pass on.</summary>
    public static IApplicationBuilder UseProxying(this IApplicationBuilder app)
    {
        var services = app.ApplicationServices;
        var (requestConfiguration, flow, plain) = (services.GetRequiredService<CurrentRequestConfiguration>(), services.GetRequiredService<RequestFlow>(), services.GetRequiredService<PlainHttpHandler>());
        requestConfiguration.Begin(new YarpPipeline(app));
        services.GetRequiredService<CollectorRegistry>().AddBeforeCollectCallback(services.GetRequiredService<SourcePortUsage>().Update);
        return app.Use(next => context => context.Features.Get<ConnectionFactsFeature>() switch
        {
            { Kind: ListenerKind.Https } listener => flow.InvokeAsync(context, listener, requestConfiguration.Current),
            { Kind: ListenerKind.Http } => plain.HandleAsync(context, requestConfiguration.Current),
            _ => next(context),
        });
    }
}
