using ImGateway.Edge.Certificates;

namespace ImGateway.Edge.Operations.Status;

/// <summary>A refused certificate file degrades the edge: the host keeps its old certificate or has none.</summary>
sealed class RefusedFilesHealth(CertificateOverview certificates) : IHealthSource
{
    public IEnumerable<string> Degraded() =>
        certificates.RefusedFiles.Select(file => $"certificate file {file.File} for {string.Join(", ", file.Hosts)} is refused since {file.Since:u}: {file.Why}");
}
