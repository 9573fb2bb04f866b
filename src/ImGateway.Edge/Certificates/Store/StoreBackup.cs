using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Store;

/// <summary>What was stored before a change, to restore it if the change fails. Never printed, because it contains keys.</summary>
/// <param name="before">The value of each storage key; null if there was none.</param>
sealed class StoreBackup(IStorage storage, IReadOnlyDictionary<string, StoredValue?> before)
{
    /// <summary>Reads what is stored for the hosts. Empty if another process writes the storage.</summary>
    /// <exception cref="CertificateLoadException">The storage cannot be read.</exception>
    public static async Task<StoreBackup> TakeAsync(EdgeOptions options, IStorage storage, IEnumerable<HostName> hosts, CancellationToken cancellationToken)
    {
        Dictionary<string, StoredValue?> before = [];
        if (!storage.IsWriter) return new StoreBackup(storage, before);
        await CertificateLoadException.GuardAsync(options, async () =>
        {
            foreach (var keys in hosts.Select(StoreKeys.Of))
            {
                foreach (var key in (string[])[keys.Previous, keys.Current, keys.State]) before[key] = await storage.ReadAsync(key, cancellationToken);
            }
        });
        return new StoreBackup(storage, before);
    }

    /// <returns>Null, or the reason of the failure.</returns>
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
