using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Store;

/// <summary>What was stored before a change that may come to nothing. Has no printable form: keys are in it.</summary>
/// <param name="before">The value of each key; null where there was none.</param>
sealed class StoreBackup(IStorage storage, IReadOnlyDictionary<string, StoredValue?> before)
{
    /// <returns>Null, or why it could not be put back.</returns>
    public async Task<string?> TryRestoreAsync(CancellationToken cancellationToken)
    {
        try
        {
            List<StorageChange> changes = [];
            foreach (var (key, value) in before)
            {
                var now = await storage.ReadAsync(key, cancellationToken);
                if (now?.Version != value?.Version) changes.Add(new StorageChange(key, value?.Content));
            }

            if (changes.Count > 0) await storage.WriteAsync(changes, lease: null, cancellationToken);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message.TrimEnd('.');
        }
    }
}
