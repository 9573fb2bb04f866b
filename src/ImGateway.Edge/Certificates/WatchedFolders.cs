namespace ImGateway.Edge.Certificates;

/// <summary>Watches the folders that files are in, and those their symbolic links lead to, over the folders' deletion and re-creation.</summary>
sealed class WatchedFolders(Action changed) : IDisposable
{
    readonly Dictionary<(string Path, DateTime Created), FileSystemWatcher?> _watchers = [];

    /// <summary>Cheap to call again: only what appeared or disappeared is touched.</summary>
    public void Follow(IEnumerable<string> files)
    {
        // A folder made anew under the old name, or a link that leads elsewhere, differs in its creation time.
        var wanted = files.SelectMany(FoldersOf).Distinct(StringComparer.Ordinal)
            .Where(Directory.Exists)
            .Select(folder => (folder, Directory.GetCreationTimeUtc(folder)))
            .ToHashSet();
        foreach (var gone in _watchers.Keys.Where(key => !wanted.Contains(key)).ToList())
        {
            _watchers[gone]?.Dispose();
            _watchers.Remove(gone);
        }

        foreach (var (path, created) in wanted)
        {
            if (!_watchers.ContainsKey((path, created))) _watchers[(path, created)] = Watch(path);
        }
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
            watcher.Error += (_, _) => changed();
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
        {
            // Gone already, or the system's inotify instances are used up: polling sees the change too, a second later.
            watcher.Dispose();
            return null;
        }
    }
}
