using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Files;

/// <summary>
/// Watches the folders of files, and the folders of their symbolic links' targets, also after a folder is deleted and created again. A folder is not
/// watched if the limits of inotify are reached: the users of this class poll as well.
/// </summary>
sealed partial class WatchedFolders(Action changed, ILogger<WatchedFolders> logger) : IDisposable
{
    readonly Dictionary<(string Path, FolderIdentity Identity), FileSystemWatcher?> _watchers = [];
    int _reported;

    /// <summary>Watches the folders of these files and no others. Cheap to call again: unchanged folders keep their watchers.</summary>
    public void Follow(IEnumerable<string> files)
    {
        HashSet<(string Path, FolderIdentity Identity)> wanted = [];
        foreach (var path in files.SelectMany(FoldersOf).Distinct(StringComparer.Ordinal))
        {
            // A folder that was created again under the same name is another folder, and so is a link with another target.
            if (FolderIdentity.Of(path) is { } identity) wanted.Add((path, identity));
        }

        foreach (var removed in _watchers.Keys.Where(key => !wanted.Contains(key)).ToList())
        {
            _watchers[removed]?.Dispose();
            _watchers.Remove(removed);
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
            // The file or its target does not exist at the moment.
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
        // After an overflow, which loses events, the folder is still watched.
        if (error is not InternalBufferOverflowException) Report(folder, error);
        changed();
    }

    /// <summary>Logs the first failure only: the limit applies to all folders. A folder that was removed meanwhile is not a failure.</summary>
    void Report(string folder, Exception error)
    {
        if (Directory.Exists(folder) && Interlocked.Exchange(ref _reported, 1) == 0) LogNotWatched(SingleLine.Escape(folder), SingleLine.Escape(error.Message));
    }

    [LoggerMessage(1, LogLevel.Debug, "{Folder}: is watched for changed files")]
    partial void LogWatched(string folder);

    [LoggerMessage(2, LogLevel.Warning, "{Folder}: inotify cannot watch it, so its files are polled each second: {Why}. Raise fs.inotify.max_user_instances or fs.inotify.max_user_watches")]
    partial void LogNotWatched(string folder, string why);
}
