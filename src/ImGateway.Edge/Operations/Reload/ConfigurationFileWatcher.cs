using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;

namespace ImGateway.Edge.Operations.Reload;

/// <summary>Detects changes of the configuration file by content, not by modification time.</summary>
sealed class ConfigurationFileWatcher(ConfigurationFile file, string path, TimeProvider time, ILogger<WatchedFolders> logger) : IDisposable
{
    readonly FileWatcher _watcher = new(time, logger, FileWatcher.PollInterval);
    bool _wasReplaced;

    /// <summary>
    /// Returns when the content has changed and been stable for a moment; and once when the file was replaced underneath its bind mount,
    /// since its content never changes again.
    /// </summary>
    public async Task WaitForChangeAsync(CancellationToken cancellationToken)
    {
        var seen = "";
        while (true)
        {
            _watcher.Follow([path]);
            if (!file.HasChanged)
            {
                if (IsNewlyReplaced()) return;
                await _watcher.WaitAsync(cancellationToken);
                continue;
            }

            var now = file.Fingerprint();
            if (now == seen) return;
            seen = now;
            await Task.Delay(FileWatcher.Soon, time, cancellationToken);
        }
    }

    bool IsNewlyReplaced()
    {
        var before = _wasReplaced;
        _wasReplaced = BindMounts.Problems([path]).Count > 0;
        return _wasReplaced && !before;
    }

    public void Dispose() => _watcher.Dispose();
}
