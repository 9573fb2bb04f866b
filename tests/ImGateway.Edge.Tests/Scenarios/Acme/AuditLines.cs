using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Tests.Scenarios.Acme;

/// <summary>The audit log of an edge, as <c>imgw audit</c> reads it.</summary>
static class AuditLines
{
    public static IReadOnlyList<AuditEntry> In(string dataDirectory) => Read(Path.Combine(dataDirectory, AuditLog.Key));

    public static IReadOnlyList<AuditEntry> Read(string path) => [.. FileLogs.ReadLines(path).Select(AuditLog.Parse).OfType<AuditEntry>()];
}
