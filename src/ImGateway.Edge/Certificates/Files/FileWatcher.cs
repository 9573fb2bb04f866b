using System.Threading.Channels;

namespace ImGateway.Edge.Certificates.Files;

/// <summary>
/// When files are to be read again: soon after an event in their folders, and at each poll, because bind mounts and network file systems give no events and a
/// watched folder may be replaced. It compares nothing; its user compares contents and not dates. For one loop: follow, read, wait.
/// </summary>
sealed class FileWatcher : IDisposable
{
    public static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    /// <summary>Events come in bursts, and a content that is read for the first time may be half written.</summary>
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

    /// <summary>Returns when the files are to be read, and once this has been disposed of.</summary>
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
