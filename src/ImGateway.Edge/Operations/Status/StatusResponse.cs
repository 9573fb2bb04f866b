using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.Operations.Reload;
using ImGateway.Edge.Operations.Shutdown;

namespace ImGateway.Edge.Operations.Status;

/// <summary>The response of <c>/api/status</c> (docs/api.md). Fields may be added, never changed.</summary>
/// <param name="WebSockets">Open WebSockets.</param>
public sealed record StatusResponse(
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
    IReadOnlyList<CertificateStatus> Certificates)
{
    /// <summary>Parts that do not work although the edge is ready, one line each.</summary>
    public IReadOnlyList<string> Degraded { get; init; } = [];

    /// <summary>Refused certificate files.</summary>
    public IReadOnlyList<RefusedFile> RefusedFiles { get; init; } = [];

    /// <summary>The edge's clock, to compare the other times with.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Open client connections.</summary>
    public required int Connections { get; init; }

    public required HandshakeStatus Handshakes { get; init; }

    public required WebSocketStatus Sockets { get; init; }

    public required RequestStatus Requests { get; init; }

    /// <summary>Limited resources: file descriptors, …</summary>
    public IReadOnlyList<LimitStatus> Limits { get; init; } = [];

    public required HistoryStatus History { get; init; }

    public required ConfigurationStatus Configuration { get; init; }

    /// <summary>Null if no stop was requested.</summary>
    public DrainStatus? Drain { get; init; }

    /// <summary>The latest audit entries, newest first. Null if the audit log cannot be read.</summary>
    public IReadOnlyList<AuditEntry>? Audit { get; init; }
}
