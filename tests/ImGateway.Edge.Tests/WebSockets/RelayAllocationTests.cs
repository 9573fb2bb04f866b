using System.Threading.Tasks.Sources;
using ImGateway.Edge.WebSockets;
using Prometheus;

namespace ImGateway.Edge.Tests.WebSockets;

public sealed class RelayAllocationTests
{
    const int Messages = 10_000;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_message_allocates_nothing(bool fromUpstream)
    {
        using HandFedStream client = new(), upstream = new();
        using var relay = new WebSocketRelay("ws", client, upstream, new WebSocketMetrics(Prometheus.Metrics.WithCustomRegistry(new CollectorRegistry())), TimeProvider.System);
        var ended = relay.RunAsync();
        var (from, to) = fromUpstream ? (upstream, client) : (client, upstream);
        var message = new Frame(Frame.Binary, new byte[64]).ToBytes();

        Feed(from, message, 1000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Feed(from, message, Messages);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal((Messages + 1000) * message.Length, to.Written);
        Assert.InRange(allocated, 0, 10 * Messages);
        upstream.End();
        client.End();
        Assert.Equal(ClosedBy.Upstream, (await ended.WaitAsync(TimeSpan.FromSeconds(20))).By);
    }

    /// <summary>Each is relayed within the call, on this thread.</summary>
    static void Feed(HandFedStream from, byte[] message, int count)
    {
        for (var i = 0; i < count; i++) from.Feed(message);
    }

    /// <summary>Waits for what a test feeds it, allocates nothing, and counts what is written to it.</summary>
    sealed class HandFedStream : SideStream, IValueTaskSource<int>
    {
        ManualResetValueTaskSourceCore<int> _read;
        ReadOnlyMemory<byte> _fed;
        Memory<byte> _buffer;
        bool _isWaiting;
        bool _hasEnded;

        public int Written { get; private set; }

        public void Feed(ReadOnlyMemory<byte> bytes)
        {
            _fed = bytes;
            GoOn();
        }

        public void End()
        {
            _hasEnded = true;
            GoOn();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!_fed.IsEmpty || _hasEnded) return new ValueTask<int>(Take(buffer));
            _read.Reset();
            (_buffer, _isWaiting) = (buffer, true);
            return new ValueTask<int>(this, _read.Version);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Written += buffer.Length;
            return default;
        }

        public int GetResult(short token) => _read.GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => _read.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _read.OnCompleted(continuation, state, token, flags);

        void GoOn()
        {
            if (!_isWaiting) return;
            _isWaiting = false;
            _read.SetResult(Take(_buffer));
        }

        int Take(Memory<byte> buffer)
        {
            var count = Math.Min(_fed.Length, buffer.Length);
            _fed[..count].CopyTo(buffer);
            _fed = _fed[count..];
            return count;
        }
    }
}
