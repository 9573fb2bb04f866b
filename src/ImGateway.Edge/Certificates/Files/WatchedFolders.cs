using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Files;

/// <summary>
/// Watches the folders that files are in, and those their symbolic links lead to, over the folders' deletion and re-creation. Where inotify has
/// nothing left for it, a folder is not watched: its users poll as well.
/// </summary>
sealed partial class WatchedFolders(Action changed, ILogger<WatchedFolders> logger) : IDisposable
{
    readonly Dictionary<(string Path, FolderIdentity Identity), FileSystemWatcher?> _watchers = [];
    int _reported;

    /// <summary>Cheap to call again: only what appeared or disappeared is touched.</summary>
    public void Follow(IEnumerable<string> files)
    {
        HashSet<(string Path, FolderIdentity Identity)> wanted = [];
        foreach (var path in files.SelectMany(FoldersOf).Distinct(StringComparer.Ordinal))
        {
            // A folder that was created again under the same name is another folder, and so is a link with another target.
            if (FolderIdentity.Of(path) is { } identity) wanted.Add((path, identity));
        }

        foreach (var gone in _watchers.Keys.Where(key => !wanted.Contains(key)).ToList())
        {
            _watchers[gone]?.Dispose();
            _watchers.Remove(gone);
        }

        foreach (var folder in wanted.Where(folder => !_watchers.ContainsKey(folder))) _watchers[folder] = Watch(folder.Path);
    }

    public void Dispose()
    {
        foreach (var watcher in _watchers.Values) watcher?.Dispose();
        _watchers.Clear();
    }

    static List<string> FoldersOf(string file)
    {
        var full = Path.GetFullPath(file);
        List<string> folders = [Path.GetDirectoryName(full)!];
        try
        {
            if (File.ResolveLinkTarget(full, returnFinalTarget: true) is { } target) folders.Add(Path.GetDirectoryName(target.FullName)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The file or what it leads to is not there at the moment.
        }

        return folders;
    }

    FileSystemWatcher? Watch(string folder)
    {
        var watcher = new FileSystemWatcher();
        try
        {
            watcher.Path = folder;
            watcher.NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Size;
            watcher.Changed += (_, _) => changed();
            watcher.Created += (_, _) => changed();
            watcher.Deleted += (_, _) => changed();
            watcher.Renamed += (_, _) => changed();
            watcher.Error += (_, e) => OnError(folder, e.GetException());
            watcher.EnableRaisingEvents = true;
            LogWatched(SingleLine.Escape(folder));
            return watcher;
        }
        catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
        {
            watcher.Dispose();
            Report(folder, e);
            return null;
        }
    }

    void OnError(string folder, Exception error)
    {
        // After an overflow, in which events are lost, the watch goes on.
        if (error is not InternalBufferOverflowException) Report(folder, error);
        changed();
    }

    /// <summary>Once: other folders lack the same. One that has been removed meanwhile lacks nothing.</summary>
    void Report(string folder, Exception error)
    {
        if (Directory.Exists(folder) && Interlocked.Exchange(ref _reported, 1) == 0) LogNotWatched(SingleLine.Escape(folder), SingleLine.Escape(error.Message));
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Folder}: is watched for changed files")]
    partial void LogWatched(string folder);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Folder}: inotify cannot watch it, so its files are polled each second: {Why}. Raise fs.inotify.max_user_instances or fs.inotify.max_user_watches")]
    partial void LogNotWatched(string folder, string why);
}
