namespace ImGateway.Edge.Certificates;

/// <summary>What was stored before a change that may come to nothing.</summary>
sealed class StoreBackup(IReadOnlyList<(StoreFolder Folder, StoreSnapshot Before)> folders)
{
    /// <returns>Null, or why it could not be put back.</returns>
    public string? TryRestore()
    {
        try
        {
            foreach (var (folder, before) in folders) folder.Restore(before);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message.TrimEnd('.');
        }
    }
}
