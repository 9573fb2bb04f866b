using System.Threading.Channels;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Operations.Reload;

/// <summary>
/// Tells when the configuration file holds something else than what was last read. As with certificates: events make it quick, polling makes
/// it certain, content counts and not dates, and one that is seen only once may be half written.
/// </summary>
sealed class ConfigurationFileWatcher : IDisposable
{
    static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);
    static readonly TimeSpan HurryInterval = TimeSpan.FromMilliseconds(50);

    readonly Channel<bool> _looks = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    readonly ConfigurationFile _file;
    readonly string _path;
    readonly TimeProvider _time;
    readonly WatchedFolders _folders;
    readonly ITimer _timer;
    bool _wasReplaced;

    public ConfigurationFileWatcher(ConfigurationFile file, string path, TimeProvider time, ILogger<WatchedFolders> logger)
    {
        (_file, _path, _time) = (file, path, time);
        _folders = new WatchedFolders(Look, logger);
        _timer = time.CreateTimer(_ => Look(), state: null, PollInterval, PollInterval);
    }

    /// <summary>
    /// Returns once the content is another one and has stayed the same for a moment; and once when the file was replaced underneath its mount,
    /// since its content never changes again.
    /// </summary>
    public async Task WaitForChangeAsync(CancellationToken cancellationToken)
    {
        var seen = "";
        while (true)
        {
            _folders.Follow([_path]);
            if (!_file.HasChanged)
            {
                if (IsNewlyReplaced()) return;
                await _looks.Reader.ReadAsync(cancellationToken);
                continue;
            }

            var now = _file.Fingerprint();
            if (now == seen) return;
            seen = now;
            await Task.Delay(HurryInterval, _time, cancellationToken);
        }
    }

    bool IsNewlyReplaced()
    {
        var before = _wasReplaced;
        _wasReplaced = MountedFile.Problems([_path]).Count > 0;
        return _wasReplaced && !before;
    }

    public void Dispose()
    {
        _folders.Dispose();
        _timer.Dispose();
    }

    void Look() => _looks.Writer.TryWrite(true);
}
