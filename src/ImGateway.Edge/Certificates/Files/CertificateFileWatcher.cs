using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Files;

/// <summary>A file whose content differs from the one last handled, and was the same at two consecutive polls.</summary>
/// <param name="Unchanged">How long the content has been the same.</param>
sealed record ChangedFile(FileContents Contents, TimeSpan Unchanged)
{
    /// <summary>The time to wait for the matching key or certificate, because the files are copied one after the other.</summary>
    static readonly TimeSpan WaitForOtherPart = TimeSpan.FromSeconds(30);

    /// <summary>An old content, to be checked again without waiting.</summary>
    public static ChangedFile ForRetry(FileContents contents) => new(contents, WaitForOtherPart);

    /// <summary>Whether the content has been the same for so long that no program is still writing it.</summary>
    public bool IsFinal => Unchanged >= FileWatcher.PollInterval;

    /// <summary>Whether the problems are final, because the time to wait for other files has elapsed.</summary>
    public bool IsFinalWith(IReadOnlyList<CertificateProblem> problems) =>
        problems.Any(problem => problem.AwaitsOtherPart) ? Unchanged >= WaitForOtherPart : IsFinal;
}

/// <summary>
/// Finds certificate files that have changed, by content and not by date. Used by one loop: wait, poll, report what was handled.
/// </summary>
sealed class CertificateFileWatcher : IDisposable
{
    readonly FileWatcher _watcher;
    readonly Watched[] _files;
    readonly TimeProvider _time;

    /// <param name="loaded">The contents already loaded; only differences from them are changes.</param>
    public CertificateFileWatcher(IEnumerable<FileContents> loaded, TimeProvider time, ILogger<WatchedFolders> logger, TimeSpan pollInterval)
    {
        _time = time;
        _files = [.. loaded.Select(contents => new Watched(contents.File) { Handled = contents.Hash, Seen = contents.Hash })];
        _watcher = new FileWatcher(time, logger, pollInterval);
        _watcher.Follow(_files.SelectMany(watched => watched.File.AllPaths()));
    }

    /// <summary>Returns when it is time for the next poll, or at once if this watcher has been disposed.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => _watcher.WaitAsync(cancellationToken);

    public IReadOnlyList<ChangedFile> Poll()
    {
        _watcher.Follow(_files.SelectMany(watched => watched.File.AllPaths()));
        List<ChangedFile> changes = [];
        foreach (var watched in _files)
        {
            var contents = FileContents.Read(watched.File);
            if (contents.Hash != watched.Seen)
            {
                (watched.Seen, watched.Since) = (contents.Hash, _time.GetTimestamp());
                // May be incomplete.
                if (contents.Hash != watched.Handled) _watcher.ReadSoon();
            }
            else if (contents.Hash != watched.Handled)
            {
                changes.Add(new ChangedFile(contents, _time.GetElapsedTime(watched.Since)));
            }
        }

        return changes;
    }

    /// <summary>Marks this content as handled, whether or not it was installed.</summary>
    public void MarkHandled(FileContents contents) =>
        Array.Find(_files, watched => watched.File == contents.File)!.Handled = contents.Hash;

    public void Dispose() => _watcher.Dispose();

    sealed class Watched(CertificateFile file)
    {
        public CertificateFile File => file;

        public string Handled { get; set; } = "";

        public string Seen { get; set; } = "";

        public long Since { get; set; }
    }
}
