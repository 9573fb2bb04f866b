using System.Text.Json;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.Operations.Reload;
using ImGateway.Edge.Operations.Shutdown;
using ImGateway.Edge.Tls;
using ImGateway.Edge.WebSockets;

namespace ImGateway.Edge.Operations.Status;

public sealed record ReadyStatus(bool Ready, IReadOnlyList<string> Reasons, IReadOnlyList<UpstreamStatus> Upstreams)
{
    /// <summary>Parts that do not work although the edge is ready.</summary>
    public IReadOnlyList<string> Degraded { get; init; } = [];
}

/// <summary>Collects, on request, the status that the management port and the control socket return.</summary>
sealed class StatusCollector(
    CurrentOptions options,
    ITlsEngine engine,
    BuildInfo build,
    EdgeHealth health,
    CertificateOverview certificates,
    Traffic traffic,
    TrafficHistory history,
    LastReload reload,
    DrainProgress drain,
    AuditTail audit,
    TimeProvider time,
    UpstreamStatuses upstreams,
    IEnumerable<ILimitSource> limits,
    WebSocketRegistry webSockets)
{
    /// <summary>The API's JSON: camelCase, null fields omitted.</summary>
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
    };

    /// <summary>The number of audit entries returned.</summary>
    const int AuditEntries = 20;

    readonly DateTimeOffset _startedAt = time.GetUtcNow();
    readonly long _started = time.GetTimestamp();

    public ReadyStatus Ready()
    {
        var report = health.Report();
        return new ReadyStatus(report.Ready, report.Reasons, upstreams.Read()) { Degraded = report.Degraded };
    }

    public async Task<StatusResponse> RunningAsync(CancellationToken cancellationToken)
    {
        var report = health.Report();
        return new StatusResponse(
            build.Version,
            build.Commit,
            build.OpenSsl,
            engine.Name,
            _startedAt,
            (long)time.GetElapsedTime(_started).TotalSeconds,
            report.Ready,
            report.Reasons,
            webSockets.Count,
            upstreams.Read(),
            Certificates())
        {
            Degraded = report.Degraded,
            RefusedFiles = certificates.RefusedFiles,
            Time = time.GetUtcNow(),
            Connections = traffic.Connections,
            Handshakes = traffic.Handshakes(),
            Sockets = traffic.WebSockets(),
            Requests = traffic.Requests(),
            Limits = Limits(),
            History = history.Read(),
            Configuration = reload.Status,
            Drain = drain.Status,
            Audit = await audit.LastAsync(AuditEntries, cancellationToken),
        };
    }

    /// <summary>Limits of the machine and the configuration, with current usage.</summary>
    public IReadOnlyList<LimitStatus> Limits() => [.. limits.SelectMany(source => source.Limits())];

    public IReadOnlyList<CertificateStatus> Certificates() => 
        CertificateStatus.Of(options.Value.Hosts, certificates.Certificates, certificates.RefusedFiles, certificates.NextOfMissing, time.GetUtcNow());

    public CertificateStatus? Certificate(string name) => Certificates().FirstOrDefault(status => status.IsNamed(name));
}
