using System.Runtime.CompilerServices;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// Logs each change of a destination's health, with the address. YARP's own log, which is off, has a line with a stack trace for each probe
/// that fails, and names destinations by their keys.
/// </summary>
sealed partial class HealthChangeLog(IDestinationHealthUpdater yarp, ActiveHealthCheckResults healthChecks, ILogger<HealthChangeLog> logger) : IDestinationHealthUpdater
{
    const string Active = "an active check", Passive = "the results of requests";

    readonly ConditionalWeakTable<DestinationState, UnhealthyMark> _active = [], _passive = [];

    public void SetActive(ClusterState cluster, IEnumerable<NewActiveDestinationHealth> newHealthPairs)
    {
        IReadOnlyList<NewActiveDestinationHealth> pairs = [.. newHealthPairs];
        yarp.SetActive(cluster, pairs);
        foreach (var pair in pairs) Note(_active, pair.Destination, pair.NewActiveHealth, Active, healthChecks.Of(pair.Destination)?.Result);
    }

    public void SetPassive(ClusterState cluster, DestinationState destination, DestinationHealth newHealth, TimeSpan reactivationPeriod)
    {
        yarp.SetPassive(cluster, destination, newHealth, reactivationPeriod);
        Note(_passive, destination, newHealth, Passive, why: null);
    }

    void Note(ConditionalWeakTable<DestinationState, UnhealthyMark> known, DestinationState destination, DestinationHealth health, string by, string? why)
    {
        var address = destination.Model.Config.Address;
        if (health is DestinationHealth.Unhealthy && known.TryAdd(destination, UnhealthyMark.Instance)) LogUnhealthy(address, by, why ?? "too many have failed");
        else if (health is DestinationHealth.Healthy && known.Remove(destination)) LogHealthy(address, by);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Upstream {Address} is unhealthy, by {By}: {Reason}")]
    partial void LogUnhealthy(string address, string by, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Upstream {Address} is healthy again, by {By}")]
    partial void LogHealthy(string address, string by);

    sealed class UnhealthyMark
    {
        public static readonly UnhealthyMark Instance = new();
    }
}
