using ImGateway.Edge.Configuration;
using ImGateway.Edge.WebSockets;
using ImGateway.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Prometheus;

namespace ImGateway.Edge.Tests.WebSockets;

public sealed class WebSocketRegistryTests : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    readonly FakeTimeProvider _time = new();
    readonly CurrentOptions _options = new(Options(TimeSpan.FromMinutes(10)));
    readonly WebSocketRegistry _registry;

    public WebSocketRegistryTests() => _registry = new WebSocketRegistry(new WebSocketMetrics(Prometheus.Metrics.WithCustomRegistry(new CollectorRegistry())), _options, _time, NullLogger<WebSocketRegistry>.Instance);

    public void Dispose() => _registry.Dispose();

    [Fact]
    public async Task It_is_empty_when_the_last_socket_has_ended()
    {
        await _registry.WhenEmptyAsync(CancellationToken.None);
        var (one, other) = (Open(), Open());
        var empty = _registry.WhenEmptyAsync(CancellationToken.None);

        _registry.Remove(one, ClosedBy.Client);
        _registry.Remove(one, ClosedBy.Client);
        Assert.Equal(1, _registry.Count);
        Assert.False(empty.IsCompleted);

        _registry.Remove(other, ClosedBy.Client);
        await empty.WaitAsync(Patience);
    }

    [Fact]
    public void A_silent_socket_ends_and_one_that_speaks_does_not()
    {
        var (silent, speaking) = (Open(), Open());

        for (var minute = 0; minute < 11; minute++)
        {
            speaking.Speak();
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(ClosedBy.Idle, silent.AbortedBy);
        Assert.Null(speaking.AbortedBy);
        Assert.Equal(_time.GetUtcNow() - TimeSpan.FromMinutes(1), speaking.LastActivity);
    }

    [Fact]
    public void A_shorter_timeout_counts_for_sockets_that_are_open()
    {
        var socket = Open();
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(socket.AbortedBy);

        _options.Replace(Options(TimeSpan.FromSeconds(30)));
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(ClosedBy.Idle, socket.AbortedBy);
    }

    [Fact]
    public void A_socket_that_fails_to_end_keeps_no_other_open_and_ends_no_sweep()
    {
        var (failing, silent) = (Open(), Open());
        failing.OnAbort = () => throw new InvalidOperationException("it cannot end");

        _time.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal(ClosedBy.Idle, silent.AbortedBy);

        var late = Open();
        _time.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal(ClosedBy.Idle, late.AbortedBy);
    }

    [Fact]
    public void A_socket_that_fails_to_end_keeps_no_other_open_at_the_end_of_a_drain()
    {
        var (failing, others) = (Open(), Enumerable.Range(0, 8).Select(_ => Open()).ToList());
        failing.OnAbort = () => throw new InvalidOperationException("it cannot end");

        var aborted = new WebSocketDrain(_registry, _registry.Metrics, new Random(1), _time).AbortAll();

        Assert.Equal(1 + others.Count, aborted);
        Assert.All(others, socket => Assert.Equal(ClosedBy.Drain, socket.AbortedBy));
    }

    [Fact]
    public async Task A_clock_that_is_put_back_makes_no_duration_negative()
    {
        var registry = new CollectorRegistry();
        using var sockets = new WebSocketRegistry(new WebSocketMetrics(Prometheus.Metrics.WithCustomRegistry(registry)), _options, new PutBack(_time), NullLogger<WebSocketRegistry>.Instance);
        var socket = new StubSocket(sockets.Time);
        sockets.Add(socket);
        _time.Advance(TimeSpan.FromMinutes(1));

        sockets.Remove(socket, ClosedBy.Client);

        using var text = new MemoryStream();
        await registry.CollectAndExportAsTextAsync(text);
        Assert.Equal(60, new Scrape(System.Text.Encoding.UTF8.GetString(text.ToArray())).Sum("imgw_websocket_duration_seconds_sum"));
    }

    static EdgeOptions Options(TimeSpan idle) => new() { WebSockets = new WebSocketsSection { IdleTimeout = idle } };

    StubSocket Open()
    {
        var socket = new StubSocket(_time);
        _registry.Add(socket);
        return socket;
    }

    sealed class StubSocket(TimeProvider time) : OpenWebSocket("ws", time)
    {
        public ClosedBy? AbortedBy { get; private set; }

        public void Speak() => BeginForward(1);

        public override void RequestClose(ushort code)
        {
        }

        public Action OnAbort { get; set; } = () => { };

        public override void Abort(ClosedBy by)
        {
            OnAbort();
            AbortedBy = by;
        }
    }

    /// <summary>Each reading of the wall clock is an hour before the last one, as where it is put right again and again.</summary>
    sealed class PutBack(TimeProvider time) : TimeProvider
    {
        int _readings;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow() - TimeSpan.FromHours(Interlocked.Increment(ref _readings));

        public override long TimestampFrequency => time.TimestampFrequency;

        public override long GetTimestamp() => time.GetTimestamp();

        public override System.Threading.ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => time.CreateTimer(callback, state, dueTime, period);
    }
}
