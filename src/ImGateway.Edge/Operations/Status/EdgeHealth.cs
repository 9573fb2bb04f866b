using ImGateway.Edge.Configuration;
using ImGateway.Edge.Operations.Shutdown;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Operations.Status;

/// <summary>Readiness and degradation of the edge.</summary>
/// <param name="Reasons">Why the edge is not ready; empty = ready.</param>
/// <param name="Degraded">Parts that do not work, one line each with the part's name; the edge remains ready.</param>
public sealed record HealthReport(IReadOnlyList<string> Reasons, IReadOnlyList<string> Degraded)
{
    public bool Ready => Reasons.Count == 0;
}

/// <summary>A part of the edge that can be degraded. Registered as a service; queried for each health request.</summary>
interface IHealthSource
{
    /// <summary>One line for each host, file or upstream that does not work; empty if all work.</summary>
    IEnumerable<string> Degraded();
}

/// <summary>
/// Not ready are a start without any certificate, and a drain. Whatever fails after that is reported as degraded: every edge behind a
/// balancer would fail the same way at the same time, and a balancer that ejects all of them serves no client.
/// </summary>
sealed class EdgeHealth(
    CurrentOptions options, ServerCertificateSelector selector, IHostApplicationLifetime lifetime, StopRequest stop, IEnumerable<IHealthSource> sources)
{
    readonly IHealthSource[] _sources = [.. sources];

    public HealthReport Report()
    {
        var served = selector.Served;
        List<string> missing = [.. options.Value.Hosts.Where(host => !served.ContainsKey(host)).Select(host => $"no certificate for {host}")];
        List<string> reasons = [], degraded = [];
        if (!lifetime.ApplicationStarted.IsCancellationRequested) reasons.Add("starting");
        if (stop.IsRequested) reasons.Add("draining");
        (selector.HasServed ? degraded : reasons).AddRange(missing);
        foreach (var source in _sources) degraded.AddRange(source.Degraded().Select(SingleLine.Escape));
        return new HealthReport(reasons, degraded);
    }
}
