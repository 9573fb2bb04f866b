using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>Checks that the storage is writable, before an order is placed.</summary>
static class StorageProbe
{
    /// <summary>A chain and its key with room to spare: some file systems refuse only what they have no block for.</summary>
    static readonly byte[] Content = new byte[64 * 1024];

    /// <exception cref="IOException">It would not.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written to.</exception>
    public static async Task TryAsync(IStorage storage, CancellationToken cancellationToken)
    {
        var key = $".probe.{Guid.NewGuid():N}";
        await storage.WriteAsync(key, Content, cancellationToken);
        await storage.DeleteAsync(key, cancellationToken);
    }
}
