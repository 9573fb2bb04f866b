using ImGateway.Edge.Proxying;
using ImGateway.Edge.Proxying.Upstream;
using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Operations.Status;

/// <summary>A gateway behind the edge.</summary>
/// <param name="Health"><c>healthy</c>, <c>unhealthy</c> or <c>unknown</c>, from both kinds of checks and recent results.</param>
/// <param name="Active">The result of active health checks; null if unknown.</param>
/// <param name="Passive">The result of passive health checks.</param>
/// <param name="UnderWay">Requests in progress, including open WebSockets.</param>
/// <param name="LastProbe">The last active health check; null if there was none.</param>
/// <param name="Recent">The results of requests in the last minute; null if there was none since the start.</param>
public sealed record UpstreamStatus(
    string Address, string Health, string? Active = null, string? Passive = null, int? UnderWay = null, HealthCheckResult? LastProbe = null, RecentRequests? Recent = null)
{
    public const string Healthy = "healthy", Unhealthy = "unhealthy", Unknown = "unknown";

    /// <summary>Source ports in use; null if the limit is unknown.</summary>
    public SourcePortUse? Ports { get; init; }

    public static UpstreamStatus Of(DestinationState destination, HealthCheckResult? lastProbe, RecentRequests? recent, int underWay) => new(
        destination.Model.Config.Address,
        Together(destination.Health, recent),
        Word(destination.Health.Active),
        Word(destination.Health.Passive),
        underWay,
        lastProbe,
        recent);

    static string Together(DestinationHealthState health, RecentRequests? recent) => (health.Active, health.Passive, recent) switch
    {
        (DestinationHealth.Unhealthy, _, _) or (_, DestinationHealth.Unhealthy, _) => Unhealthy,
        // A successful active check outweighs failures older than a minute.
        (not DestinationHealth.Healthy, _, { IsFailing: true }) or (_, _, { IsFailing: true, Attempts: > 0 }) => Unhealthy,
        (DestinationHealth.Unknown, DestinationHealth.Unknown, null or { Attempts: 0 }) => Unknown,
        _ => Healthy,
    };

    static string Word(DestinationHealth health) => health switch
    {
        DestinationHealth.Healthy => Healthy,
        DestinationHealth.Unhealthy => Unhealthy,
        _ => Unknown,
    };
}
