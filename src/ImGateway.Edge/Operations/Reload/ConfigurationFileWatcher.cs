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

    readonly ConfigurationFile _file;
    readonly string _path;
    readonly TimeProvider _time;
    readonly WatchedFolders _folders;
    readonly SemaphoreSlim _event = new(0, 1);

    public ConfigurationFileWatcher(ConfigurationFile file, string path, TimeProvider time)
    {
        (_file, _path, _time) = (file, path, time);
        _folders = new WatchedFolders(Signal);
    }

    /// <summary>Returns once the content is another one and has stayed the same for a moment.</summary>
    public async Task WaitForChangeAsync(CancellationToken cancellationToken)
    {
        var seen = "";
        while (true)
        {
            _folders.Follow([_path]);
            if (!_file.HasChanged)
            {
                await _event.WaitAsync(PollInterval, cancellationToken);
                continue;
            }

            var now = _file.Fingerprint();
            if (now == seen) return;
            seen = now;
            await Task.Delay(HurryInterval, _time, cancellationToken);
        }
    }

    public void Dispose()
    {
        _folders.Dispose();
        _event.Dispose();
    }

    void Signal()
    {
        try
        {
            _event.Release();
        }
        catch (Exception e) when (e is SemaphoreFullException or ObjectDisposedException)
        {
            // One look is due already, or none any more.
        }
    }
}
