using System.Threading.Channels;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

/// <summary>A file whose content is not the one last handled, and was the same at two looks.</summary>
/// <param name="Unchanged">For how long it has been the same.</param>
sealed record ChangedFile(FileContents Contents, TimeSpan Unchanged)
{
    /// <summary>Certificate and key are copied one after the other, by people and by programs.</summary>
    static readonly TimeSpan WaitForOtherPart = TimeSpan.FromSeconds(30);

    /// <summary>A content that has had its time, to be judged once more.</summary>
    public static ChangedFile AsBefore(FileContents contents) => new(contents, WaitForOtherPart);

    /// <summary>It has been the same for so long that no program is still writing it.</summary>
    public bool Final => Unchanged >= CertificateFileWatcher.PollInterval;

    /// <summary>What is wrong is not going to be mended by what is still being copied.</summary>
    public bool IsFinalWith(IReadOnlyList<CertificateProblem> problems) =>
        problems.Any(problem => problem.AwaitsOtherPart) ? Unchanged >= WaitForOtherPart : Final;
}

/// <summary>
/// Tells when certificate files change. Events make it quick, polling makes it certain: bind mounts and network file systems give no
/// events, and a watched folder may be replaced. Content counts, not dates. Used by one loop: wait, look, say what was handled.
/// </summary>
sealed class CertificateFileWatcher : IDisposable
{
    /// <summary>Also how long a content must stand before it counts as final.</summary>
    public static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    /// <summary>Events come in bursts, and a content must be seen twice: this long after the first.</summary>
    static readonly TimeSpan HurryInterval = TimeSpan.FromMilliseconds(50);

    readonly Channel<bool> _looks = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    readonly WatchedFolders _folders;
    readonly Watched[] _files;
    readonly TimeProvider _time;
    readonly TimeSpan _pollInterval;
    readonly ITimer _timer;
    int _hurried;

    /// <param name="loaded">What is being served: only what differs from it is a change.</param>
    public CertificateFileWatcher(IEnumerable<FileContents> loaded, TimeProvider time, ILogger<WatchedFolders> logger, TimeSpan? pollInterval = null)
    {
        _time = time;
        _pollInterval = pollInterval ?? PollInterval;
        _files = [.. loaded.Select(contents => new Watched(contents.File) { Handled = contents.Hash, Seen = contents.Hash })];
        _timer = time.CreateTimer(_ => Tick(), state: null, _pollInterval, _pollInterval);
        _folders = new WatchedFolders(Hurry, logger);
        _folders.Follow(_files.SelectMany(watched => watched.File.AllPaths()));
    }

    /// <summary>Returns when it is time for the next look, or when another watcher has taken this one's place.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        if (await _looks.Reader.WaitToReadAsync(cancellationToken)) _looks.Reader.TryRead(out _);
    }

    public IReadOnlyList<ChangedFile> Look()
    {
        _folders.Follow(_files.SelectMany(watched => watched.File.AllPaths()));
        List<ChangedFile> changes = [];
        foreach (var watched in _files)
        {
            var contents = FileContents.Read(watched.File);
            if (contents.Hash != watched.Seen)
            {
                (watched.Seen, watched.Since) = (contents.Hash, _time.GetTimestamp());
                // May be half written.
                if (contents.Hash != watched.Handled) Hurry();
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

    public void Dispose()
    {
        _folders.Dispose();
        _timer.Dispose();
        _looks.Writer.TryComplete();
    }

    void Hurry()
    {
        // Only the first of a burst: otherwise a folder that is never quiet would put the look off for ever.
        if (Interlocked.Exchange(ref _hurried, 1) == 0) _timer.Change(HurryInterval, _pollInterval);
    }

    void Tick()
    {
        Volatile.Write(ref _hurried, 0);
        _looks.Writer.TryWrite(true);
    }

    sealed class Watched(CertificateFile file)
    {
        public CertificateFile File => file;

        public string Handled { get; set; } = "";

        public string Seen { get; set; } = "";

        public long Since { get; set; }
    }
}
