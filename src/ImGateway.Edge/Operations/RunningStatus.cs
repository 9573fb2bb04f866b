using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Operations.Reload;

namespace ImGateway.Edge.Operations;

/// <summary>What runs and how it is doing: <c>/api/status</c>, described in docs/api.md. Fields are added and never changed.</summary>
/// <param name="WebSockets">Open now.</param>
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
    IReadOnlyList<CertificateStatus> Certificates)
{
    /// <summary>What does not work although the edge is ready, one line each.</summary>
    public IReadOnlyList<string> Degraded { get; init; } = [];

    /// <summary>Certificate files that are not in use, until they are mended.</summary>
    public IReadOnlyList<RefusedFile> RefusedFiles { get; init; } = [];

    /// <summary>The edge's clock, for whoever compares moments with it.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Open connections of clients.</summary>
    public required int Connections { get; init; }

    public required HandshakeStatus Handshakes { get; init; }

    public required WebSocketStatus Sockets { get; init; }

    public required RequestStatus Requests { get; init; }

    /// <summary>What can be exhausted: file descriptors, …</summary>
    public IReadOnlyList<LimitStatus> Limits { get; init; } = [];

    public required HistoryStatus History { get; init; }

    public required ConfigurationStatus Configuration { get; init; }

    /// <summary>Null: no stop was asked for.</summary>
    public DrainStatus? Drain { get; init; }

    /// <summary>The last ones, newest first. Null: the log cannot be read.</summary>
    public IReadOnlyList<AuditEntry>? Audit { get; init; }
}
