using System.Text;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.WebSockets;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Net.Http.Headers;
using Prometheus;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.LoadBalancing;

namespace ImGateway.Edge.Proxying;

static class ProxyingRegistration
{
    /// <summary>Slower clients than Kestrel's own 5 s allow for: phones that change networks.</summary>
    static readonly TimeSpan DataRateGrace = TimeSpan.FromSeconds(10);

    /// <summary>
    /// For a whole header block, also over HTTP/2. It is sent in one go even by phones: who takes longer holds a connection on purpose (slowloris).
    /// </summary>
    static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(15);

    /// <summary>As long as nginx waits for a client to read on.</summary>
    static readonly TimeSpan ResponseGrace = TimeSpan.FromSeconds(60);

    public static IServiceCollection AddProxying(this IServiceCollection services, EdgeOptions options, IConfiguration configuration)
    {
        services.TryAddSingleton(new CurrentOptions(options));
        services.TryAddSingleton(TimeProvider.System);

        // 1. What is made anew for each configuration.
        services.AddSingleton<RequestPaths>();
        services.AddSingleton<Func<ClientAddress>>(provider => () => provider.GetRequiredService<RequestPaths>().Current.Addresses);
        services.AddConnections(options).AddSingleton<RequestRates>();

        // 2. The way to the upstream: YARP, with the user's ReverseProxy section over what Edge says.
        services.AddSingleton<IForwarderHttpClientFactory, UpstreamClientFactory>().AddSingleton<UpstreamPorts>().AddSingleton<AddressMemory>();
        var config = ProxyConfiguration.Read(options, configuration);
        services.AddReverseProxy().LoadFromMemory(config.Routes, config.Clusters).AddTransforms<UpstreamTransforms>();
        services.AddSingleton<YarpConfiguration>().AddSingleton<IConfigChangeListener>(provider => provider.GetRequiredService<YarpConfiguration>());
        services.AddRequestTimeouts();
        BalanceByWebSockets(services);
        UpstreamProbes.Register(services);
        OwnShortage.Register(services);
        HealthChanges.Register(services);
        services.AddSingleton<UpstreamErrors>().AddSingleton<UpstreamResults>();
        services.AddSingleton<HoldQueue>().AddSingleton<Retries>().AddSingleton<OpenEventStreams>();
        KeepNoKeysForCookies(services);
        // YARP brings it for policies, which the ReverseProxy section may not name here; with it each request would pass its middleware.
        services.RemoveAll<IAuthorizationHandlerProvider>();

        // 3. What becomes of it.
        return services.AddSingleton<WebSocketMetrics>().AddSingleton<WebSocketRegistry>().AddSingleton<WebSocketLeases>().AddSingleton<ProxyMetrics>();
    }

    /// <summary>Answers requests of the public listeners; those of the management listener go on.</summary>
    public static IApplicationBuilder UseProxying(this IApplicationBuilder app)
    {
        var paths = app.ApplicationServices.GetRequiredService<RequestPaths>();
        paths.Begin(new YarpPipeline(app));
        app.ApplicationServices.GetService<CollectorRegistry>()?.AddBeforeCollectCallback(app.ApplicationServices.GetRequiredService<UpstreamPorts>().Update);
        return app.Use(next => context => context.Features.Get<ListenerFeature>() switch
        {
            { Kind: ListenerKind.Https } listener => paths.Current.InvokeAsync(context, listener),
            { Kind: ListenerKind.Http } => paths.Current.Plain.AnswerAsync(context),
            _ => next(context),
        });
    }

    /// <summary>Also while serving: connections accepted from then on keep to the new limits, those that are open to some of them.</summary>
    public static void ConfigureKestrelLimits(KestrelServerOptions kestrel, EdgeOptions options)
    {
        // A bare LF is no end of line (RFC 9112 §2.2): what two readers divide differently is how requests are smuggled.
        AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", true);
        kestrel.AddServerHeader = false;
        // Header values are bytes to a proxy (RFC 9110 §5.5). As UTF-8, which is the default, what is none would be refused, and what is would
        // not be sent on by .NET's client.
        kestrel.RequestHeaderEncodingSelector = static name => name == HeaderNames.ContentLength ? ContentLengthEncoding.Instance : Encoding.Latin1;
        kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1;
        var limits = kestrel.Limits;
        limits.MaxRequestBodySize = options.Limits.RequestBodyBytes;
        limits.MaxRequestHeadersTotalSize = options.Limits.HeaderBytes;
        limits.Http2.MaxRequestHeaderFieldSize = options.Limits.HeaderBytes;
        // Method and version share the line with the target; TargetCheck is exact.
        limits.MaxRequestLineSize = options.Limits.UrlBytes + 64;
        limits.MaxRequestBufferSize = Math.Max(1024 * 1024, limits.MaxRequestLineSize);
        limits.RequestHeadersTimeout = HeadersTimeout;
        var rate = options.Limits.MinBytesPerSecond;
        limits.MinRequestBodyDataRate = rate > 0 ? new MinDataRate(rate, DataRateGrace) : null;
        limits.MinResponseDataRate = rate > 0 ? new MinDataRate(rate, ResponseGrace) : null;
    }

    /// <summary>YARP's policies of the same names, whose classes are internal, count requests until its forwarder returns.</summary>
    static void BalanceByWebSockets(IServiceCollection services)
    {
        foreach (var policy in services.Where(service => service.ServiceType == typeof(ILoadBalancingPolicy)
            && service.ImplementationType?.Name is "LeastRequestsLoadBalancingPolicy" or "PowerOfTwoChoicesLoadBalancingPolicy").ToList()) services.Remove(policy);
        services.AddSingleton<UpstreamSockets>().AddSingleton<ILoadBalancingPolicy, LeastRequests>().AddSingleton<ILoadBalancingPolicy, PowerOfTwoChoices>();
    }

    /// <summary>
    /// YARP's encrypted affinity cookies would have a key ring written into the home directory at start. Keys that live as long as the
    /// process do: an unreadable cookie only means that a client is balanced anew.
    /// </summary>
    static void KeepNoKeysForCookies(IServiceCollection services)
    {
        var ring = services.Where(service => service.ServiceType == typeof(IHostedService)
            && service.ImplementationType?.Assembly.GetName().Name == "Microsoft.AspNetCore.DataProtection").ToList();
        foreach (var service in ring) services.Remove(service);
        services.AddSingleton<IDataProtectionProvider, EphemeralDataProtectionProvider>();
    }
}
