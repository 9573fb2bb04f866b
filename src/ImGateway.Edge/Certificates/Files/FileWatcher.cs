using System.Threading.Channels;

namespace ImGateway.Edge.Certificates.Files;

/// <summary>
/// Decides when files are read again: shortly after an event in their folders, and at each poll, because bind mounts and network file systems send no events and
/// a watched folder may be replaced. Does not compare files; its user compares contents, not dates. For one loop: follow, read, wait.
/// </summary>
sealed class FileWatcher : IDisposable
{
    public static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    /// <summary>The delay after an event: events come in bursts, and the new content may be partially written.</summary>
    public static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(50);

    readonly Channel<bool> _due = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    readonly WatchedFolders _folders;
    readonly TimeSpan _pollInterval;
    readonly ITimer _timer;
    int _isSoon;

    public FileWatcher(TimeProvider time, ILogger<WatchedFolders> logger, TimeSpan pollInterval)
    {
        _pollInterval = pollInterval;
        _timer = time.CreateTimer(_ => Tick(), state: null, _pollInterval, _pollInterval);
        _folders = new WatchedFolders(ReadSoon, logger);
    }

    /// <summary>Watches the folders of these files and no others.</summary>
    public void Follow(IEnumerable<string> files) => _folders.Follow(files);

    /// <summary>Returns when it is time to read the files, or at once if this watcher has been disposed.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        if (await _due.Reader.WaitToReadAsync(cancellationToken)) _due.Reader.TryRead(out _);
    }

    public void ReadSoon()
    {
        // Only the first of a burst: otherwise a folder with constant events would never be read.
        if (Interlocked.Exchange(ref _isSoon, 1) == 0) _timer.Change(Soon, _pollInterval);
    }

    public void Dispose()
    {
        _folders.Dispose();
        _timer.Dispose();
        _due.Writer.TryComplete();
    }

    void Tick()
    {
        Volatile.Write(ref _isSoon, 0);
        _due.Writer.TryWrite(true);
    }
}
