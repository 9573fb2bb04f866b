using ImGateway.Edge.Connections.Limits;
using Prometheus;

namespace ImGateway.Edge.Operations;

/// <summary>Limits of the machine and their usage, updated at each scrape.</summary>
sealed class LimitMetrics(IMetricFactory metrics, IEnumerable<ILimitSource> sources)
{
    readonly Gauge _descriptorsUsed = metrics.CreateGauge(
        "imgw_descriptors_used", "File descriptors in use or reserved: two for each connection of a client, and a reserve of the process. At the limit, connections are refused.");

    readonly Gauge _descriptorsLimit = metrics.CreateGauge("imgw_descriptors_limit", "File descriptors that the process may have (RLIMIT_NOFILE); 0 if there is no limit.");

    readonly Gauge _memoryUsed = metrics.CreateGauge("imgw_memory_clients", "Clients and WebSockets over HTTP/2 that take memory. At the limit, connections are refused.");

    readonly Gauge _memoryLimit = metrics.CreateGauge("imgw_memory_clients_limit", "Clients that the memory limit of the container or unit has room for; 0 if there is no limit.");

    public void Update()
    {
        foreach (var limit in sources.SelectMany(source => source.Limits()))
        {
            switch (limit.Name)
            {
                case "descriptors":
                    _descriptorsUsed.Set(limit.Used);
                    _descriptorsLimit.Set(limit.Limit);
                    break;
                case "memory":
                    _memoryUsed.Set(limit.Used);
                    _memoryLimit.Set(limit.Limit);
                    break;
            }
        }
    }
}
