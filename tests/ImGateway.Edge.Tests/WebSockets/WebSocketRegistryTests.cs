using ImGateway.Edge.Configuration;
using ImGateway.Edge.WebSockets;
using Microsoft.Extensions.Time.Testing;
using Prometheus;

namespace ImGateway.Edge.Tests.WebSockets;

public sealed class WebSocketRegistryTests : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    readonly FakeTimeProvider _time = new();
    readonly CurrentOptions _options = new(Options(TimeSpan.FromMinutes(10)));
    readonly WebSocketRegistry _registry;

    public WebSocketRegistryTests() => _registry = new WebSocketRegistry(new WebSocketMetrics(Prometheus.Metrics.WithCustomRegistry(new CollectorRegistry())), _options, _time);

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

        public void Speak() => CountReceived(1);

        public override void RequestClose(ushort code)
        {
        }

        public override void Abort(ClosedBy by) => AbortedBy = by;
    }
}
