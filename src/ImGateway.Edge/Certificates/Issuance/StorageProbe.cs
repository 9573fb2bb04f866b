using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>Checks that the storage is writable, before an order is placed.</summary>
static class StorageProbe
{
    /// <summary>The size of a chain with its key, rounded up: a full file system may still accept smaller files.</summary>
    static readonly byte[] Content = new byte[64 * 1024];

    /// <exception cref="IOException">The storage is not writable.</exception>
    /// <exception cref="UnauthorizedAccessException">Access to the storage is denied.</exception>
    public static async Task TryAsync(IStorage storage, CancellationToken cancellationToken)
    {
        var key = $".probe.{Guid.NewGuid():N}";
        await storage.WriteAsync(key, Content, cancellationToken);
        await storage.DeleteAsync(key, cancellationToken);
    }
}
