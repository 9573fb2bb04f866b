using System.Globalization;
using ImGateway.Edge.Proxying.Upstream;

namespace ImGateway.Edge.Operations.Status;

/// <summary>Reports gateways that fail, according to recent results or health checks.</summary>
sealed class UpstreamHealth(UpstreamStatuses upstreams) : IHealthSource
{
    public IEnumerable<string> Degraded() => upstreams.Read().Where(upstream => upstream.Health == UpstreamStatus.Unhealthy).Select(upstream => $"upstream {upstream.Address}: {WhyOf(upstream)}");

    static string WhyOf(UpstreamStatus upstream) => upstream switch
    {
        { Recent: { IsFailing: true } recent } => $"{HowMany(recent)}, since {recent.FailingSince!.Value.ToString("u", CultureInfo.InvariantCulture)}: {recent.LastError}",
        { LastProbe: { Succeeded: false } probe } => $"unhealthy by active checks: {probe.Result}",
        _ => "unhealthy by health checks",
    };

    static string HowMany(RecentRequests recent) => recent.Attempts == 0
        ? "its last requests failed, and none came in the last minute"
        : $"{recent.Failed} of {recent.Attempts} requests failed in the last minute";
}
