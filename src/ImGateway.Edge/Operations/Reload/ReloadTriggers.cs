using System.Threading.Channels;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Operations.Reload;

/// <summary>What makes the edge reload by itself: SIGHUP, and a file that has changed.</summary>
sealed class ReloadTriggers(ConfigurationReload reload, StartConfiguration started, Signals signals, TimeProvider time) : BackgroundService
{
    readonly Channel<string> _asked = Channel.CreateBounded<string>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        signals.OnReload = () => _asked.Writer.TryWrite("SIGHUP");
        return base.StartAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        started.File is { Path: { } path } file ? Task.WhenAll(AnswerAsync(stoppingToken), WatchAsync(file, path, stoppingToken)) : AnswerAsync(stoppingToken);

    async Task AnswerAsync(CancellationToken cancellationToken)
    {
        await foreach (var who in _asked.Reader.ReadAllAsync(cancellationToken)) await reload.ReloadAsync(who, cancellationToken);
    }

    async Task WatchAsync(ConfigurationFile file, string path, CancellationToken cancellationToken)
    {
        using var watcher = new ConfigurationFileWatcher(file, path, time);
        while (true)
        {
            await watcher.WaitForChangeAsync(cancellationToken);
            await reload.ReloadAsync($"a change of {OneLine.From(path)}", cancellationToken);
        }
    }
}
