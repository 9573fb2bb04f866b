using ImGateway.Edge.Certificates.Audit;

namespace ImGateway.Edge.Tests.Acme;

static class AuditLines
{
    public static IReadOnlyList<AuditEntry> In(string dataDirectory) => AuditLog.Read(Path.Combine(dataDirectory, "audit.jsonl"));
}
