namespace ImGateway.Edge.Storage;

/// <summary>Writes and deletes without a separate preparation.</summary>
static class StorageExtensions
{
    public static ValueTask WriteAsync(this IStorage storage, string key, byte[] content, CancellationToken cancellationToken) =>
        storage.WriteAsync([new StorageChange(key, content)], lease: null, cancellationToken);

    /// <summary>Does nothing if the key does not exist.</summary>
    public static ValueTask DeleteAsync(this IStorage storage, string key, CancellationToken cancellationToken) =>
        storage.WriteAsync([new StorageChange(key, content: null)], lease: null, cancellationToken);

    /// <summary>Changes a value; if another writer has changed it since it was read, begins again with the new value.</summary>
    /// <param name="change">The next content for the current one, which is null if the key does not exist. Null changes nothing.</param>
    public static async ValueTask ChangeAsync(this IStorage storage, string key, Func<byte[]?, byte[]?> change, CancellationToken cancellationToken)
    {
        while (true)
        {
            var current = await storage.ReadAsync(key, cancellationToken);
            if (change(current?.Content) is not { } next) return;
            try
            {
                await storage.WriteAsync([new StorageChange(key, next, current?.Version ?? StoredValue.Absent)], lease: null, cancellationToken);
                return;
            }
            catch (StorageConflictException)
            {
            }
        }
    }

    public static async ValueTask WriteAsync(
        this IStorage storage, IReadOnlyList<StorageChange> changes, IStorageLease? lease, CancellationToken cancellationToken)
    {
        await using var staged = await storage.StageAsync(changes, lease, cancellationToken);
        await staged.CommitAsync(cancellationToken);
    }
}
