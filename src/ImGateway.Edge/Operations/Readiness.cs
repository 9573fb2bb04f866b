using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Operations;

/// <summary>Whether traffic should come here. A gateway that is down is no reason against: another edge would fare no better.</summary>
public sealed class Readiness(CurrentOptions options, ServerCertificateSelector selector, IHostApplicationLifetime lifetime, StopRequest stop)
{
    /// <summary>Empty = ready.</summary>
    public IReadOnlyList<string> Reasons()
    {
        var served = selector.Served;
        List<string> reasons = [];
        if (!lifetime.ApplicationStarted.IsCancellationRequested) reasons.Add("starting");
        if (stop.IsAsked) reasons.Add("draining");
        reasons.AddRange(options.Value.Hosts.Where(host => !served.ContainsKey(host)).Select(host => $"no certificate for {host}"));
        return reasons;
    }
}
