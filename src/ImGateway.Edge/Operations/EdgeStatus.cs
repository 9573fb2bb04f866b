using System.Text.Json;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.WebSockets;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Operations;

public sealed record UpstreamStatus(string Address, string Health);

public sealed record ReadyStatus(bool Ready, IReadOnlyList<string> Reasons, IReadOnlyList<UpstreamStatus> Upstreams);

public sealed record RunningStatus(
    string Version,
    string Commit,
    string OpenSsl,
    string Engine,
    DateTimeOffset StartedAt,
    long UptimeSeconds,
    bool Ready,
    IReadOnlyList<string> Reasons,
    int? WebSockets,
    IReadOnlyList<UpstreamStatus> Upstreams,
    IReadOnlyList<CertificateStatus> Certificates);

/// <summary>Gathers what the management port and the control socket answer, when it is asked.</summary>
sealed class EdgeStatus(
    CurrentOptions options,
    BuildInfo build,
    Readiness readiness,
    Func<IReadOnlyList<ManagedCertificate>> managed,
    TimeProvider time,
    WebSocketRegistry? webSockets = null,
    IProxyStateLookup? proxy = null)
{
    /// <summary>How the API writes: camelCase, fields without a value left out.</summary>
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
    };

    readonly DateTimeOffset _startedAt = time.GetUtcNow();

    public ReadyStatus Ready()
    {
        var reasons = readiness.Reasons();
        return new ReadyStatus(reasons.Count == 0, reasons, Upstreams());
    }

    public RunningStatus Running()
    {
        var reasons = readiness.Reasons();
        return new RunningStatus(
            build.Version,
            build.Commit,
            build.OpenSsl,
            options.Value.Tls.Engine.ToString(),
            _startedAt,
            (long)(time.GetUtcNow() - _startedAt).TotalSeconds,
            reasons.Count == 0,
            reasons,
            webSockets?.Count,
            Upstreams(),
            Certificates());
    }

    public IReadOnlyList<CertificateStatus> Certificates() => CertificateStatus.Of(options.Value.Hosts, managed(), time.GetUtcNow());

    public CertificateStatus? Certificate(string name) => Certificates().FirstOrDefault(status => status.IsCalled(name));

    IReadOnlyList<UpstreamStatus> Upstreams() => proxy is null
        ? [.. options.Value.Upstreams.Select(upstream => new UpstreamStatus(upstream.GetLeftPart(UriPartial.Authority), "unknown"))]
        : [.. from cluster in proxy.GetClusters()
              from destination in cluster.DestinationsState.AllDestinations
              select new UpstreamStatus(destination.Model.Config.Address, HealthOf(destination.Health))];

    static string HealthOf(DestinationHealthState health) => (health.Active, health.Passive) switch
    {
        (DestinationHealth.Unhealthy, _) or (_, DestinationHealth.Unhealthy) => "unhealthy",
        (DestinationHealth.Unknown, DestinationHealth.Unknown) => "unknown",
        _ => "healthy",
    };
}
