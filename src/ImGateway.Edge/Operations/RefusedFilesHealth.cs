using ImGateway.Edge.Certificates;

namespace ImGateway.Edge.Operations;

/// <summary>A certificate file that is refused degrades the edge: what is served instead, if anything, is not what was wanted.</summary>
sealed class RefusedFilesHealth(Func<IReadOnlyList<RefusedFile>> refused) : IHealthSource
{
    public IEnumerable<string> Degraded() =>
        refused().Select(file => $"certificate file {file.File} for {string.Join(", ", file.Hosts)} is refused since {file.Since:u}: {file.Why}");
}
