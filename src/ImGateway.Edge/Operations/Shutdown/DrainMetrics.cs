using Prometheus;

namespace ImGateway.Edge.Operations.Shutdown;

sealed class DrainMetrics(IMetricFactory metrics)
{
    readonly Gauge _draining = metrics.CreateGauge("imgw_draining", "1 from the request to stop until the end, else 0.");

    public void OnBegun() => _draining.Set(1);
}
