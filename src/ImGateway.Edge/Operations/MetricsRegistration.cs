using Prometheus;

namespace ImGateway.Edge.Operations;

public static class MetricsRegistration
{
    /// <summary>
    /// One <see cref="CollectorRegistry"/> and the <see cref="IMetricFactory"/> that fills it: every folder's metrics class takes the factory,
    /// none the library's static registry, so that two edges in one process have separate metrics.
    /// </summary>
    public static IServiceCollection AddEdgeMetrics(this IServiceCollection services)
    {
        // Otherwise the library also exports every meter and event counter of the runtime.
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
