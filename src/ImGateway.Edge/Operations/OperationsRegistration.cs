using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;
using ImGateway.Edge.Operations.Control;
using ImGateway.Edge.Operations.Reload;
using ImGateway.Edge.Operations.Shutdown;
using ImGateway.Edge.Operations.Status;
using ImGateway.Edge.Proxying.Upstream;
using ImGateway.Edge.WebSockets;
using Microsoft.AspNetCore.Connections;
using Prometheus;

namespace ImGateway.Edge.Operations;

public static class OperationsRegistration
{
    /// <summary>Needs <see cref="CurrentOptions"/>, the certificate selector, <see cref="CertificateOverview"/>, a storage and a <see cref="TimeProvider"/> in <paramref name="services"/>.</summary>
    public static IServiceCollection AddEdgeOperations(this IServiceCollection services)
    {
        services.AddEdgeMetrics();
        services.AddSingleton(_ => BuildInfo.Read());
        services.AddSingleton<EdgeHealth>().AddSingleton<UpstreamStatuses>().AddSingleton<IHealthSource, UpstreamHealth>();
        services.AddSingleton<IHealthSource, RefusedFilesHealth>();
        services.AddSingleton<Traffic>().AddSingleton<TrafficHistory>().AddHostedService(provider => provider.GetRequiredService<TrafficHistory>());
        services.AddSingleton<AuditTail>();
        services.AddSingleton<LastReload>().AddSingleton<DrainProgress>();
        services.AddSingleton<StatusCollector>();
        services.AddStop();
        return services;
    }

    /// <summary>
    /// Registers reloads of the configuration, triggered by a verb, a signal or a change of the file. Needs everything that a reload changes in
    /// <paramref name="services"/>.
    /// </summary>
    /// <param name="file">The file that reloads read; null = no reloads.</param>
    public static IServiceCollection AddReload(this IServiceCollection services, IConfiguration configuration, ConfigurationFile? file) => services
        .AddSingleton(new StartConfiguration(configuration, file))
        .AddSingleton<ConfigurationMetrics>()
        .AddSingleton<ConfigurationReload>()
        .AddHostedService<ReloadTriggers>();

    static void AddStop(this IServiceCollection services)
    {
        services.AddSingleton<StopRequest>();
        services.AddSingleton<Signals>();
        services.AddSingleton<IHostLifetime>(provider => provider.GetRequiredService<Signals>());
        services.AddSingleton<DrainMetrics>();
        services.AddSingleton<WebSocketDrain>().AddSingleton<EventStreamDrain>();
        services.AddSingleton<GracefulShutdown>();
    }

    /// <summary>Lets Kestrel listen on a <see cref="ControlEndPoint"/>. Must be called after Kestrel's registration; Kestrel's own transports remain registered.</summary>
    public static IWebHostBuilder UseControlSocket(this IWebHostBuilder host) =>
        host.ConfigureServices(services => services.AddSingleton<IConnectionListenerFactory, ControlTransport>());

    /// <summary>The first middleware: handles every request on the control socket, and no other.</summary>
    public static IApplicationBuilder UseControl(this IApplicationBuilder app) => app.UseMiddleware<ControlApi>();

    /// <summary>The next middleware: handles every request on a management listener, and no other.</summary>
    public static IApplicationBuilder UseManagement(this IApplicationBuilder app)
    {
        var services = app.ApplicationServices;
        services.GetRequiredService<BuildMetrics>().Started();
        var registry = services.GetRequiredService<CollectorRegistry>();
        registry.AddBeforeCollectCallback(services.GetRequiredService<ProcessMetrics>().Update);
        registry.AddBeforeCollectCallback(services.GetRequiredService<LimitMetrics>().Update);
        return app.UseMiddleware<ManagementApi>();
    }

    /// <summary>The next middleware; active if <c>Edge:AccessLog</c> is on.</summary>
    public static IApplicationBuilder UseAccessLog(this IApplicationBuilder app) => app.UseMiddleware<AccessLog>();
}
