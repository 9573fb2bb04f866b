using ImGateway.Edge.Operations.Status;
using ImGateway.Edge.Tls;
using Prometheus;

namespace ImGateway.Edge.Operations;

/// <summary>The versions as labels of a gauge that is always 1, for joins in queries.</summary>
sealed class BuildMetrics(IMetricFactory metrics, BuildInfo build, ITlsEngine engine)
{
    readonly Gauge _info = metrics.CreateGauge("imgw_build_info", "Always 1; its labels say what runs.", ["version", "commit", "openssl", "engine"]);

    public void Started() => _info.WithLabels(build.Version, build.Commit, build.OpenSsl, engine.Name).Set(1);
}
