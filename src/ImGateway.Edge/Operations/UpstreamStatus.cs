using ImGateway.Edge.Proxying;
using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Operations;

/// <summary>A gateway behind the edge.</summary>
/// <param name="Health"><c>healthy</c>, <c>unhealthy</c> or <c>unknown</c>: by both kinds of checks together.</param>
/// <param name="Active">By being asked; null where nothing is known of it.</param>
/// <param name="Passive">By what became of requests.</param>
/// <param name="UnderWay">Requests that it is answering, open WebSockets among them.</param>
/// <param name="LastProbe">Null where it was not asked.</param>
public sealed record UpstreamStatus(string Address, string Health, string? Active = null, string? Passive = null, int? UnderWay = null, UpstreamProbe? LastProbe = null)
{
    public static UpstreamStatus Of(DestinationState destination, UpstreamProbe? lastProbe) => new(
        destination.Model.Config.Address,
        Together(destination.Health),
        Word(destination.Health.Active),
        Word(destination.Health.Passive),
        destination.ConcurrentRequestCount,
        lastProbe);

    static string Together(DestinationHealthState health) => (health.Active, health.Passive) switch
    {
        (DestinationHealth.Unhealthy, _) or (_, DestinationHealth.Unhealthy) => "unhealthy",
        (DestinationHealth.Unknown, DestinationHealth.Unknown) => "unknown",
        _ => "healthy",
    };

    static string Word(DestinationHealth health) => health switch
    {
        DestinationHealth.Healthy => "healthy",
        DestinationHealth.Unhealthy => "unhealthy",
        _ => "unknown",
    };
}
