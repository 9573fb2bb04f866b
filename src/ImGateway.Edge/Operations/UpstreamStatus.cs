using ImGateway.Edge.Proxying;
using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Operations;

/// <summary>A gateway behind the edge.</summary>
/// <param name="Health"><c>healthy</c>, <c>unhealthy</c> or <c>unknown</c>: by both kinds of checks and by recent results together.</param>
/// <param name="Active">By being asked; null where nothing is known of it.</param>
/// <param name="Passive">By what became of requests.</param>
/// <param name="UnderWay">Requests that it is answering, open WebSockets among them.</param>
/// <param name="LastProbe">Null where it was not asked.</param>
/// <param name="Recent">What became of requests in the last minute; null where there was none since the start.</param>
public sealed record UpstreamStatus(
    string Address, string Health, string? Active = null, string? Passive = null, int? UnderWay = null, UpstreamProbe? LastProbe = null, UpstreamRecent? Recent = null)
{
    public const string Healthy = "healthy", Unhealthy = "unhealthy", Unknown = "unknown";

    /// <summary>Null where the system does not say how many there are.</summary>
    public UpstreamPortUse? Ports { get; init; }

    public static UpstreamStatus Of(DestinationState destination, UpstreamProbe? lastProbe, UpstreamRecent? recent, int underWay) => new(
        destination.Model.Config.Address,
        Together(destination.Health, recent),
        Word(destination.Health.Active),
        Word(destination.Health.Passive),
        underWay,
        lastProbe,
        recent);

    static string Together(DestinationHealthState health, UpstreamRecent? recent) => (health.Active, health.Passive, recent) switch
    {
        (DestinationHealth.Unhealthy, _, _) or (_, DestinationHealth.Unhealthy, _) => Unhealthy,
        // An active check that finds it well says more than failures of more than a minute ago.
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
