namespace ImGateway.Edge.Storage;

/// <summary>Writes and deletes without a separate preparation.</summary>
static class StorageWrites
{
    public static ValueTask WriteAsync(this IStorage storage, string key, byte[] content, CancellationToken cancellationToken) =>
        storage.WriteAsync([new StorageChange(key, content)], lease: null, cancellationToken);

    /// <summary>Does nothing if the key does not exist.</summary>
    public static ValueTask DeleteAsync(this IStorage storage, string key, CancellationToken cancellationToken) =>
        storage.WriteAsync([new StorageChange(key, content: null)], lease: null, cancellationToken);

    public static async ValueTask WriteAsync(
        this IStorage storage, IReadOnlyList<StorageChange> changes, IStorageLease? lease, CancellationToken cancellationToken)
    {
        await using var staged = await storage.StageAsync(changes, lease, cancellationToken);
        await staged.CommitAsync(cancellationToken);
    }
}
