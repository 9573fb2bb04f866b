using System.Buffers;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.WebSockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Prometheus;

namespace ImGateway.Edge.Tests.WebSockets;

/// <summary>What a relay owes to the rest of the process when a side of it fails.</summary>
public sealed class RelayFaultTests
{
    /// <summary>What a side that does not read lets the other one write, as a server's output does.</summary>
    const int PipeHolds = 64 * 1024;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_buffer_that_a_read_may_still_write_into_is_not_given_away()
    {
        using var client = new FailingClient();
        using var upstream = new WaitingUpstream();
        using var relay = new WebSocketRelay("ws", client, upstream, new WebSocketMetrics(Metrics.WithCustomRegistry(new CollectorRegistry())), TimeProvider.System);
        // The edge asks while the upstream's side reads into a buffer that it has rented: between its wait and its read.
        upstream.OnRead = () => relay.RequestClose(1012);

        var ended = relay.RunAsync();
        await client.Failed.WaitAsync(Patience);
        client.End();
        var end = await ended.WaitAsync(Patience);

        Assert.True(upstream.WasReading);
        Assert.False(upstream.WasGivenAway, "the buffer of a read under way could be rented by another");
        Assert.Equal(ClosedBy.Client, end.By);
    }

    [Fact]
    public async Task A_client_that_never_reads_ends_though_it_sends()
    {
        await using var relay = new TimedRelay();
        var storm = relay.Upstream.WriteAsync(new Frame(Frame.Binary, new byte[1_000_000]).ToBytes()).AsTask();
        await relay.UntilAsync(socket => socket.BytesOut > PipeHolds);

        await relay.SendForAnHourAsync(relay.Client, socket => socket.BytesIn);

        Assert.Equal(ClosedBy.Idle, (await relay.EndAsync()).By);
        await relay.Upstream.DisposeAsync();
        await Assert.ThrowsAsync<IOException>(() => storm);
    }

    [Fact]
    public async Task An_upstream_that_never_reads_ends_though_it_sends()
    {
        await using var relay = new TimedRelay();
        var storm = relay.Client.WriteAsync(new Frame(Frame.Binary, new byte[1_000_000], Masked: true).ToBytes()).AsTask();
        await relay.UntilAsync(socket => socket.BytesIn > PipeHolds);

        await relay.SendForAnHourAsync(relay.Upstream, socket => socket.BytesOut);

        Assert.Equal(ClosedBy.Idle, (await relay.EndAsync()).By);
        await relay.Client.DisposeAsync();
        await Assert.ThrowsAsync<IOException>(() => storm);
    }

    [Fact]
    public async Task A_slow_reader_that_reads_stays()
    {
        await using var relay = new TimedRelay();
        var storm = relay.Upstream.WriteAsync(new Frame(Frame.Binary, new byte[1_000_000]).ToBytes()).AsTask();

        for (var part = 0; part < 10; part++)
        {
            await RelayInMemory.ReadAsync(relay.Client, 100_000);
            relay.Time.Advance(TimedRelay.IdleTimeout / 2);
        }

        Assert.False(relay.Ended.IsCompleted);
        await RelayInMemory.ReadAsync(relay.Client, 10);
        await storm.WaitAsync(Patience);
    }

    /// <summary>A relay in memory on a clock of the test's, which a registry watches.</summary>
    sealed class TimedRelay : IAsyncDisposable
    {
        public static readonly TimeSpan IdleTimeout = TimeSpan.FromMinutes(10);

        readonly WebSocketRegistry _registry;
        readonly WebSocketRelay _socket;

        public TimedRelay()
        {
            var metrics = new WebSocketMetrics(Metrics.WithCustomRegistry(new CollectorRegistry()));
            _registry = new WebSocketRegistry(metrics, new CurrentOptions(new EdgeOptions { WebSockets = new WebSocketsSection { IdleTimeout = IdleTimeout } }), Time, NullLogger<WebSocketRegistry>.Instance);
            var (client, clientsEdge) = MemoryDuplex.Pair();
            var (upstream, upstreamsEdge) = MemoryDuplex.Pair();
            (Client, Upstream) = (client, upstream);
            _socket = new WebSocketRelay("ws", clientsEdge, upstreamsEdge, metrics, Time);
            _registry.Add(_socket);
            Ended = _socket.RunAsync();
        }

        public FakeTimeProvider Time { get; } = new();

        public MemoryDuplex Client { get; }

        public MemoryDuplex Upstream { get; }

        public Task<RelayOutcome> Ended { get; }

        public Task<RelayOutcome> EndAsync() => Ended.WaitAsync(Patience);

        public async Task UntilAsync(Func<WebSocketRelay, bool> condition)
        {
            using var patience = new CancellationTokenSource(Patience);
            while (!condition(_socket))
            {
                patience.Token.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }

        /// <summary>One small frame a minute, which the edge takes, as long as the socket lives.</summary>
        public async Task SendForAnHourAsync(MemoryDuplex side, Func<WebSocketRelay, long> taken)
        {
            var ping = new Frame(Frame.Ping, [], Masked: true).ToBytes();
            for (var minute = 0; minute < 60 && !Ended.IsCompleted; minute++)
            {
                var before = taken(_socket);
                await side.WriteAsync(ping);
                await UntilAsync(socket => taken(socket) > before || Ended.IsCompleted);
                Time.Advance(TimeSpan.FromMinutes(1));
            }
        }

        public async ValueTask DisposeAsync()
        {
            _socket.Abort(ClosedBy.Error);
            await EndAsync();
            _socket.Dispose();
            _registry.Dispose();
            await Client.DisposeAsync();
            await Upstream.DisposeAsync();
        }
    }

    /// <summary>Whatever is written to it fails; it sends nothing.</summary>
    sealed class FailingClient : SideStream
    {
        readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        readonly TaskCompletionSource<int> _end = new();

        public Task Failed => _failed.Task;

        public void End() => _end.TrySetResult(0);

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => await _end.Task.WaitAsync(cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _failed.TrySetResult();
            return ValueTask.FromException(new IOException("the client is gone"));
        }
    }

    /// <summary>Its waits end at once, as those of a socket whose event has been read; its reads last until it is disposed of.</summary>
    sealed class WaitingUpstream : SideStream
    {
        readonly TaskCompletionSource<int> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        byte[]? _buffer;

        public Action OnRead { get; set; } = () => { };

        public bool WasReading => _buffer is not null;

        /// <summary>Whether the buffer of the read under way could be rented by another when this was disposed of.</summary>
        public bool WasGivenAway { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (buffer.IsEmpty) return new ValueTask<int>(0);
            Assert.True(System.Runtime.InteropServices.MemoryMarshal.TryGetArray<byte>(buffer, out var segment));
            _buffer = segment.Array;
            OnRead();
            return new ValueTask<int>(_end.Task);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => default;

        protected override void Dispose(bool disposing)
        {
            if (_buffer is not null && !_end.Task.IsCompleted)
            {
                // What a thread has returned last it gets first.
                var next = ArrayPool<byte>.Shared.Rent(_buffer.Length);
                WasGivenAway = ReferenceEquals(next, _buffer);
                ArrayPool<byte>.Shared.Return(next);
            }

            _end.TrySetException(new IOException("disposed"));
            base.Dispose(disposing);
        }
    }
}
