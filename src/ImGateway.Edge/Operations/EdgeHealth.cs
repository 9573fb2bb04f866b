using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Operations;

/// <summary>Whether traffic should come here, and what does not work although it should.</summary>
/// <param name="Reasons">Why traffic should go elsewhere; empty = ready.</param>
/// <param name="Degraded">What does not work, one line each with the name of what is concerned; the edge is ready all the same.</param>
public sealed record HealthReport(IReadOnlyList<string> Reasons, IReadOnlyList<string> Degraded)
{
    public bool Ready => Reasons.Count == 0;
}

/// <summary>A part of the edge that can be degraded. Registered as a service; asked each time the edge's health is.</summary>
interface IHealthSource
{
    /// <summary>One line for each thing that does not work, with the name of the host, file or upstream; none where all is well.</summary>
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
        if (stop.IsAsked) reasons.Add("draining");
        (selector.HasServed ? degraded : reasons).AddRange(missing);
        foreach (var source in _sources) degraded.AddRange(source.Degraded().Select(OneLine.From));
        return new HealthReport(reasons, degraded);
    }
}
