using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
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
        // 1. What is made anew for each configuration.
        services.AddSingleton<RequestPaths>().AddSingleton<RequestPathFactory>();
        services.AddSingleton(new Current<ClientAddress>(new ClientAddress(options)));
        services.AddSingleton<RequestRates>();

        // 2. The way to the upstream: YARP, with the user's ReverseProxy section over what Edge says.
        services.AddSingleton<IForwarderHttpClientFactory, UpstreamClientFactory>().AddSingleton<UpstreamPorts>().AddSingleton<AddressMemory>();
        var config = ProxyConfiguration.Read(options, configuration);
        services.AddReverseProxy().LoadFromMemory(config.Routes, config.Clusters).AddTransforms<UpstreamTransforms>();
        services.AddSingleton<YarpConfiguration>().AddSingleton<IConfigChangeListener>(provider => provider.GetRequiredService<YarpConfiguration>());
        services.AddRequestTimeouts();
        services.Configure<KeyManagementOptions>(keys => (keys.XmlRepository, keys.XmlEncryptor) = (new KeysInMemory(), new NullXmlEncryptor()));
        // YARP brings it for policies, which the ReverseProxy section may not name here; with it each request would pass its middleware.
        services.RemoveAll<IAuthorizationHandlerProvider>();

        // 3. Around YARP's own: its balancing policies count requests until its forwarder returns, ours WebSockets until they end; and what health
        // checks find.
        services.AddSingleton<UpstreamSockets>().AddSingleton<LeastRequests>().AddSingleton<PowerOfTwoChoices>().AddSingleton<UpstreamProbes>();
        services.Decorate<ILoadBalancingPolicy>((yarps, provider) => yarps.Name switch
        {
            nameof(LoadBalancingPolicies.LeastRequests) => provider.GetRequiredService<LeastRequests>(),
            nameof(LoadBalancingPolicies.PowerOfTwoChoices) => provider.GetRequiredService<PowerOfTwoChoices>(),
            _ => yarps,
        });
        services.Decorate<IActiveHealthCheckPolicy, NotingPolicy>().Decorate<IPassiveHealthCheckPolicy, SparingPolicy>();
        services.Decorate<IDestinationHealthUpdater, HealthChanges>();

        // 4. What becomes of a request: a repeat, a wait, an error, a WebSocket, an event stream.
        services.AddSingleton<Retries>().AddSingleton<HoldQueue>().AddSingleton<UpstreamErrors>().AddSingleton<UpstreamResults>();
        return services.AddSingleton<WebSocketRegistry>().AddSingleton<WebSocketLeases>().AddSingleton<WebSocketMetrics>().AddSingleton<OpenEventStreams>().AddSingleton<ProxyMetrics>();
    }

    /// <summary>Answers requests of the public listeners; those of the management listener go on.</summary>
    public static IApplicationBuilder UseProxying(this IApplicationBuilder app)
    {
        var paths = app.ApplicationServices.GetRequiredService<RequestPaths>();
        paths.Begin(new YarpPipeline(app));
        app.ApplicationServices.GetRequiredService<CollectorRegistry>().AddBeforeCollectCallback(app.ApplicationServices.GetRequiredService<UpstreamPorts>().Update);
        return app.Use(next => context => context.Features.Get<ListenerFeature>() switch
        {
            { Kind: ListenerKind.Https } listener => paths.Current.InvokeAsync(context, listener),
            { Kind: ListenerKind.Http } => paths.Current.Plain.AnswerAsync(context),
            _ => next(context),
        });
    }
}
