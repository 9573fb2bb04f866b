using Prometheus;

namespace ImGateway.Edge.Operations;

public static class MetricsRegistration
{
    /// <summary>
    /// One <see cref="CollectorRegistry"/> and the <see cref="IMetricFactory"/> that fills it: every folder's metrics class takes the factory,
    /// none the library's static registry, so that two edges in one process keep apart.
    /// </summary>
    public static IServiceCollection AddEdgeMetrics(this IServiceCollection services)
    {
        // The library would also export every meter and event counter of the runtime: counters as gauges, and pages of QUIC.
        Metrics.SuppressDefaultMetrics(new SuppressDefaultMetricOptions
        {
            SuppressProcessMetrics = true,
            SuppressDebugMetrics = true,
            SuppressEventCounters = true,
            SuppressMeters = true,
        });

        services.AddSingleton(_ => Metrics.NewCustomRegistry());
        services.AddSingleton<IMetricFactory>(provider => Metrics.WithCustomRegistry(provider.GetRequiredService<CollectorRegistry>()));
        services.AddSingleton<BuildMetrics>();
        services.AddSingleton<ProcessMetrics>();
        services.AddSingleton<LimitMetrics>();
        return services;
    }
}
