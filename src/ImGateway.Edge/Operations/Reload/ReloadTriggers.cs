using System.Threading.Channels;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;
using ImGateway.Edge.Operations.Shutdown;

namespace ImGateway.Edge.Operations.Reload;

/// <summary>Triggers reloads: SIGHUP, and a changed file. Failures of one trigger do not affect the other.</summary>
sealed partial class ReloadTriggers(
    ConfigurationReload reload, StartConfiguration started, Signals signals, TimeProvider time, ILoggerFactory loggers, ILogger<ReloadTriggers> logger) : BackgroundService
{
    static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    readonly Channel<string> _requests = Channel.CreateBounded<string>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        signals.OnReload = () => _requests.Writer.TryWrite("SIGHUP");
        return base.StartAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => started.File is { Path: { } path } file
        ? Task.WhenAll(KeepAsync(HandleSignalsAsync, "SIGHUP", stoppingToken), KeepAsync(token => WatchAsync(file, path, token), SingleLine.Escape(path), stoppingToken))
        : KeepAsync(HandleSignalsAsync, "SIGHUP", stoppingToken);

    /// <summary>Restarts a trigger that failed.</summary>
    async Task KeepAsync(Func<CancellationToken, Task> work, string what, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await work(cancellationToken);
                return;
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                Failed(e, what, RetryAfter.TotalSeconds);
            }

            await Task.Delay(RetryAfter, time, cancellationToken);
        }
    }

    async Task HandleSignalsAsync(CancellationToken cancellationToken)
    {
        await foreach (var who in _requests.Reader.ReadAllAsync(cancellationToken)) await reload.ReloadAsync(who, cancellationToken);
    }

    async Task WatchAsync(ConfigurationFile file, string path, CancellationToken cancellationToken)
    {
        using var watcher = new ConfigurationFileWatcher(file, path, time, loggers.CreateLogger<WatchedFolders>());
        while (true)
        {
            await watcher.WaitForChangeAsync(cancellationToken);
            await reload.ReloadAsync($"a change of {SingleLine.Escape(path)}", cancellationToken);
        }
    }

    [LoggerMessage(1, LogLevel.Error, "{What}: waiting for it failed, so a change may go unnoticed; the next attempt is in {Seconds} s, and imgw reload reads the file at once")]
    partial void Failed(Exception exception, string what, double seconds);
}
