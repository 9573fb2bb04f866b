using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Files;

/// <summary>A file whose content is not the one last handled, and was the same at two looks.</summary>
/// <param name="Unchanged">For how long it has been the same.</param>
sealed record ChangedFile(FileContents Contents, TimeSpan Unchanged)
{
    /// <summary>Certificate and key are copied one after the other, by people and by programs.</summary>
    static readonly TimeSpan WaitForOtherPart = TimeSpan.FromSeconds(30);

    /// <summary>A content that has had its time, to be judged once more.</summary>
    public static ChangedFile AsBefore(FileContents contents) => new(contents, WaitForOtherPart);

    /// <summary>It has been the same for so long that no program is still writing it.</summary>
    public bool Final => Unchanged >= FileWatcher.PollInterval;

    /// <summary>What is wrong is not going to be mended by what is still being copied.</summary>
    public bool IsFinalWith(IReadOnlyList<CertificateProblem> problems) =>
        problems.Any(problem => problem.AwaitsOtherPart) ? Unchanged >= WaitForOtherPart : Final;
}

/// <summary>
/// Which of the certificate files have changed: content counts, not dates. Used by one loop: wait, look, say what was handled.
/// </summary>
sealed class CertificateFileWatcher : IDisposable
{
    readonly FileWatcher _watcher;
    readonly Watched[] _files;
    readonly TimeProvider _time;

    /// <param name="loaded">What is being served: only what differs from it is a change.</param>
    public CertificateFileWatcher(IEnumerable<FileContents> loaded, TimeProvider time, ILogger<WatchedFolders> logger, TimeSpan? pollInterval = null)
    {
        _time = time;
        _files = [.. loaded.Select(contents => new Watched(contents.File) { Handled = contents.Hash, Seen = contents.Hash })];
        _watcher = new FileWatcher(time, logger, pollInterval);
        _watcher.Follow(_files.SelectMany(watched => watched.File.AllPaths()));
    }

    /// <summary>Returns when it is time for the next look, or when another watcher has taken this one's place.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => _watcher.WaitAsync(cancellationToken);

    public IReadOnlyList<ChangedFile> Look()
    {
        _watcher.Follow(_files.SelectMany(watched => watched.File.AllPaths()));
        List<ChangedFile> changes = [];
        foreach (var watched in _files)
        {
            var contents = FileContents.Read(watched.File);
            if (contents.Hash != watched.Seen)
            {
                (watched.Seen, watched.Since) = (contents.Hash, _time.GetTimestamp());
                // May be half written.
                if (contents.Hash != watched.Handled) _watcher.ReadSoon();
            }
            else if (contents.Hash != watched.Handled)
            {
                changes.Add(new ChangedFile(contents, _time.GetElapsedTime(watched.Since)));
            }
        }

        return changes;
    }

    /// <summary>This content needs no further look, whatever became of it.</summary>
    public void Handled(FileContents contents) =>
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
