using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

/// <summary>New bundles of several hosts, staged beside the old ones: all of them are kept by <see cref="Commit"/>, or none.</summary>
sealed class StoreTransaction : IDisposable
{
    readonly List<(StoreFolder Folder, StoreSnapshot Before)> _changes = [];
    bool _committed;

    /// <param name="folderOf">Where each host's files are; null where another process writes them.</param>
    /// <param name="isRevoked">Whether what the host has now is not to become its previous certificate.</param>
    /// <exception cref="IOException">The disk does not take them; nothing has changed.</exception>
    public StoreTransaction(
        IReadOnlyDictionary<HostName, ServedCredential> changes, Func<HostName, StoreFolder>? folderOf, Func<HostName, bool> isRevoked)
    {
        if (folderOf is null) return;
        try
        {
            foreach (var (host, served) in changes)
            {
                var folder = folderOf(host);
                _changes.Add((folder, folder.Snapshot()));
                folder.Stage(served, keepsPrevious: !isRevoked(host));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <exception cref="IOException">Something could not be written; <see cref="Dispose"/> puts everything back.</exception>
    public void Commit()
    {
        foreach (var (folder, _) in _changes) folder.Commit();
        _committed = true;
    }

    public void Dispose()
    {
        if (_committed) return;
        foreach (var (folder, before) in _changes) folder.Restore(before);
        _changes.Clear();
    }
}
