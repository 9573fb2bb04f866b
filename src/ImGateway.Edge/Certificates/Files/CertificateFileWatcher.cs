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
/// Finds certificate files that have changed, by content: their status only says which need not be read. Used by one loop: wait, poll, report what was handled.
/// </summary>
sealed class CertificateFileWatcher : IDisposable
{
    /// <summary>The interval of reading all files, whatever their status: some network file systems and FUSE programs keep the times of a file that changes.</summary>
    internal static readonly TimeSpan ReadInterval = TimeSpan.FromMinutes(1);

    readonly FileWatcher _watcher;
    readonly Dictionary<CertificateFile, Watched> _files;
    readonly Func<CertificateFile, FileContents> _read;
    readonly TimeProvider _time;
    long _allRead;

    /// <param name="loaded">The contents already loaded; only differences from them are changes.</param>
    /// <param name="read"><see cref="FileContents.Read"/>.</param>
    public CertificateFileWatcher(
        IEnumerable<FileContents> loaded, Func<CertificateFile, FileContents> read, TimeProvider time, ILogger<WatchedFolders> logger, TimeSpan pollInterval)
    {
        (_read, _time, _allRead) = (read, time, time.GetTimestamp());
        _files = loaded.ToDictionary(contents => contents.File, contents => new Watched(contents.File, time) { Handled = contents.Hash, Seen = contents.Hash });
        _watcher = new FileWatcher(time, logger, pollInterval);
        Follow();
    }

    /// <summary>Returns when it is time for the next poll, or at once if this watcher has been disposed.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => _watcher.WaitAsync(cancellationToken);

    public IReadOnlyList<ChangedFile> Poll()
    {
        // 1. The files that may have changed.
        var readsAll = _time.GetElapsedTime(_allRead) >= ReadInterval;
        if (readsAll) _allRead = _time.GetTimestamp();
        List<Watched> unsure = [.. _files.Values.Where(watched => watched.MayHaveChanged() || readsAll)];
        if (unsure.Count == 0) return [];

        // 2. Watch before reading, so that no event is missed. A link may have another target, and a folder may be another one.
        Follow();

        // 3. Compare contents.
        List<ChangedFile> changes = [];
        foreach (var watched in unsure)
        {
            var contents = _read(watched.File);
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
    public void MarkHandled(FileContents contents) => _files[contents.File].Handled = contents.Hash;

    public void Dispose() => _watcher.Dispose();

    void Follow() => _watcher.Follow(_files.Keys.SelectMany(file => file.AllPaths()));

    sealed class Watched(CertificateFile file, TimeProvider time)
    {
        /// <summary>Longer than the resolution of the times of any file system: FAT has 2 s, and a network file system may have that of another machine.</summary>
        static readonly TimeSpan Resolution = TimeSpan.FromSeconds(2.5);

        readonly string[] _paths = [.. file.AllPaths()];
        readonly FileStatus?[] _statuses = new FileStatus?[file.AllPaths().Count()];
        long _statusSince;
        bool _isSettled;

        public CertificateFile File => file;

        public string Handled { get; set; } = "";

        public string Seen { get; set; } = "";

        public long Since { get; set; }

        /// <summary>
        /// Whether the content must be read: it awaits handling, its status is another one or unknown, or the status is so new that a further write could have
        /// kept it. That is measured by the monotonic clock, because the file system's clock may be that of another machine.
        /// </summary>
        public bool MayHaveChanged()
        {
            if (!HasSameStatus()) (_statusSince, _isSettled) = (time.GetTimestamp(), false);
            else if (_isSettled) return Seen != Handled;
            // The last read by this status, because the read comes after this moment.
            _isSettled = time.GetElapsedTime(_statusSince) >= Resolution;
            return true;
        }

        bool HasSameStatus()
        {
            var isSame = true;
            for (var i = 0; i < _paths.Length; i++)
            {
                var status = FileStatus.Of(_paths[i]);
                isSame = isSame && status is not null && status == _statuses[i];
                _statuses[i] = status;
            }

            return isSame;
        }
    }
}
