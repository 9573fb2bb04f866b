using Prometheus;

namespace ImGateway.Edge.Operations.Reload;

/// <summary>Whether the last reload succeeded. Initially true, because the start read a valid configuration.</summary>
sealed class ConfigurationMetrics
{
    readonly TimeProvider _time;
    readonly Gauge _successful;
    readonly Gauge _succeededAt;

    public ConfigurationMetrics(IMetricFactory metrics, TimeProvider time)
    {
        _time = time;
        _successful = metrics.CreateGauge("imgw_config_last_reload_successful", "1 if the configuration read last is in force; 0 if it was refused and the one before is.");
        _succeededAt = metrics.CreateGauge("imgw_config_last_reload_success_timestamp_seconds", "When the configuration in force was read, as Unix time.");
        Succeeded();
    }

    public void Succeeded()
    {
        _successful.Set(1);
        _succeededAt.Set(_time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);
    }

    public void Refused() => _successful.Set(0);
}
