using ImGateway.Edge.Certificates;

namespace ImGateway.Edge.Operations;

/// <summary>A refused certificate file degrades the edge: the host keeps its old certificate or has none.</summary>
sealed class RefusedFilesHealth(Func<IReadOnlyList<RefusedFile>> refused) : IHealthSource
{
    public IEnumerable<string> Degraded() =>
        refused().Select(file => $"certificate file {file.File} for {string.Join(", ", file.Hosts)} is refused since {file.Since:u}: {file.Why}");
}
