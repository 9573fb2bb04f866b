using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;
using ImGateway.Edge.Operations.Reload;
using ImGateway.Edge.Operations.Shutdown;
using ImGateway.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Prometheus;

namespace ImGateway.Edge.Tests.Operations.Reload;

public sealed class ReloadTriggersTests : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    readonly TemporaryDirectory _directory = new();
    readonly FailingTimers _time = new();
    readonly LastReload _last;
    readonly LogCollector<ReloadTriggers> _log = new();
    readonly ReloadTriggers _triggers;
    readonly StopRequest _stop = new();
    readonly ServiceProvider _services;

    public ReloadTriggersTests()
    {
        File.WriteAllText(_directory["appsettings.json"], "{}");
        var file = ConfigurationFile.Of(_directory["appsettings.json"]);
        file.Load();
        _last = new LastReload(_time);
        var configuration = new ConfigurationBuilder().Build();
        // A reload that has nowhere to read from ends as refused, which is as good as any for who asks when it is asked for.
        var reload = new ConfigurationReload(
            new StartConfiguration(configuration, File: null), new CurrentOptions(new EdgeOptions()), null!, null!, null!, null!,
            new ConfigurationMetrics(Prometheus.Metrics.WithCustomRegistry(new CollectorRegistry()), _time), _last, _time, NullLogger<ConfigurationReload>.Instance);
        _services = new ServiceCollection()
            .AddSingleton(reload)
            .AddSingleton(new StartConfiguration(configuration, file))
            .AddSingleton(new Signals(_stop, NullLogger<Signals>.Instance))
            .AddSingleton<TimeProvider>(_time)
            .AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance)
            .AddSingleton<ILogger<ReloadTriggers>>(_log)
            .BuildServiceProvider();
        _triggers = ActivatorUtilities.CreateInstance<ReloadTriggers>(_services);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_watcher_that_fails_is_logged_and_watches_again(int failures)
    {
        await _triggers.StartAsync(TestContext.Current.CancellationToken);
        await ChangedAsync("""{"a":1}""");
        Assert.StartsWith("a change of ", _last.Status.By, StringComparison.Ordinal);

        var before = _last.Status.At;
        _time.FailNext(failures);
        await ChangedAsync("""{"a":2}""");

        Assert.True(_last.Status.At > before, "no reload after the failure");
        Assert.Contains(_log.Lines, line => line.Level == LogLevel.Error && line.Text.Contains("appsettings.json", StringComparison.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        await _triggers.StopAsync(CancellationToken.None);
        _triggers.Dispose();
        await _services.DisposeAsync();
        _stop.Dispose();
        _directory.Dispose();
    }

    /// <summary>Until the change is noticed. The clock is simulated.</summary>
    async Task ChangedAsync(string content)
    {
        var before = _last.Status.At;
        await File.WriteAllTextAsync(_directory["appsettings.json"], content, TestContext.Current.CancellationToken);
        using var limit = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        try
        {
            while (_last.Status.At == before)
            {
                await timer.WaitForNextTickAsync(limit.Token);
                _time.Advance(TimeSpan.FromSeconds(1));
            }
        }
        catch (OperationCanceledException)
        {
            // Says more as an assertion.
        }
    }

    /// <summary>A system that is short of something for a while: the watcher gets no timer.</summary>
    sealed class FailingTimers : FakeTimeProvider
    {
        int _failures;

        public void FailNext(int count) => Volatile.Write(ref _failures, count);

        public override System.Threading.ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            dueTime <= TimeSpan.FromSeconds(1) && Interlocked.Decrement(ref _failures) >= 0 ? throw new IOException("no timer for now") : base.CreateTimer(callback, state, dueTime, period);
    }
}
