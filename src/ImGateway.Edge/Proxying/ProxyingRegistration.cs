using System.Text;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.WebSockets;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Net.Http.Headers;
using Yarp.ReverseProxy.Forwarder;

namespace ImGateway.Edge.Proxying;

static class ProxyingRegistration
{
    /// <summary>Slower clients than Kestrel's own 5 s allow for: phones that change networks.</summary>
    static readonly TimeSpan DataRateGrace = TimeSpan.FromSeconds(10);

    /// <summary>As long as nginx waits for a client to read on.</summary>
    static readonly TimeSpan ResponseGrace = TimeSpan.FromSeconds(60);

    public static IServiceCollection AddProxying(this IServiceCollection services, EdgeOptions options, IConfiguration configuration)
    {
        services.TryAddSingleton(options);
        services.TryAddSingleton(new CurrentOptions(options));
        services.TryAddSingleton(TimeProvider.System);

        // 1. What stands before the upstream.
        services.AddSingleton<SecurityHeaders>().AddSingleton<HostCheck>().AddSingleton<RouteTable>().AddSingleton<UpgradeCheck>().AddSingleton<PlainHttp>();

        // 2. The way to it: YARP, with the user's ReverseProxy section over what Edge says.
        services.AddSingleton<IForwarderHttpClientFactory, UpstreamClientFactory>();
        services.AddReverseProxy().LoadFromConfig(ProxyConfiguration.Merge(options, configuration)).AddTransforms<UpstreamTransforms>();
        services.AddRequestTimeouts();
        services.AddSingleton<ClientAddress>().AddSingleton<UpstreamRequest>().AddSingleton<UpstreamErrors>();
        KeepNoKeysForCookies(services);
        // YARP brings it for policies, which the ReverseProxy section may not name here; with it each request would pass its middleware.
        services.RemoveAll<IAuthorizationHandlerProvider>();

        // 3. What becomes of it.
        return services.AddSingleton<WebSocketMetrics>().AddSingleton<WebSocketRegistry>().AddSingleton<ProxyMetrics>().AddSingleton<RequestFlow>();
    }

    /// <summary>Answers requests of the public listeners; those of the management listener go on.</summary>
    public static IApplicationBuilder UseProxying(this IApplicationBuilder app)
    {
        var flow = app.ApplicationServices.GetRequiredService<RequestFlow>();
        var plain = app.ApplicationServices.GetRequiredService<PlainHttp>();
        var yarp = new YarpPipeline(app, app.ApplicationServices.GetRequiredService<EdgeOptions>());
        return app.Use(next => context => context.Features.Get<ListenerFeature>() switch
        {
            { Kind: ListenerKind.Https } listener => flow.InvokeAsync(context, listener, yarp),
            { Kind: ListenerKind.Http } => plain.AnswerAsync(context),
            _ => next(context),
        });
    }

    public static void ConfigureKestrelLimits(KestrelServerOptions kestrel, EdgeOptions options)
    {
        // A bare LF is no end of line (RFC 9112 §2.2): what two readers divide differently is how requests are smuggled.
        AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", true);
        kestrel.AddServerHeader = false;
        // Header values are bytes to a proxy (RFC 9110 §5.5). As UTF-8, which is the default, what is none would be refused, and what is would
        // not be sent on by .NET's client.
        // A length in an encoding of one's own may end in NUL, as Kestrel reads it.
        kestrel.RequestHeaderEncodingSelector = static name => name == HeaderNames.ContentLength ? null! : Encoding.Latin1;
        kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1;
        var limits = kestrel.Limits;
        limits.MaxRequestBodySize = options.Limits.RequestBodyBytes;
        limits.MaxRequestHeadersTotalSize = options.Limits.HeaderBytes;
        limits.Http2.MaxRequestHeaderFieldSize = options.Limits.HeaderBytes;
        // Method and version share the line with the target; TargetCheck is exact.
        limits.MaxRequestLineSize = options.Limits.UrlBytes + 64;
        limits.MaxRequestBufferSize = Math.Max(1024 * 1024, limits.MaxRequestLineSize);
        var rate = options.Limits.MinBytesPerSecond;
        limits.MinRequestBodyDataRate = rate > 0 ? new MinDataRate(rate, DataRateGrace) : null;
        limits.MinResponseDataRate = rate > 0 ? new MinDataRate(rate, ResponseGrace) : null;
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
