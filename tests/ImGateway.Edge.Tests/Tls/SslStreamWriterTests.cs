using System.Buffers;
using System.IO.Pipelines;
using ImGateway.Edge.Tls.SslStream;

namespace ImGateway.Edge.Tests.Tls;

/// <summary>Kestrel may leave a write pending on a connection that it has aborted; then the pipes are completed on another thread.</summary>
public sealed class SslStreamWriterTests
{
    const int Rounds = 5_000;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_writer_is_completed_when_its_write_has_ended()
    {
        using var pool = new CountingPool();
        await using var stream = new PendingStream();
        var writer = new SslStreamWriter(stream, new StreamPipeWriterOptions(pool, leaveOpen: true));
        writer.Advance(writer.GetSpan(100).Length);

        var write = writer.FlushAsync(Cancelled).AsTask();
        await Assert.ThrowsAsync<IOException>(() => writer.CompleteAsync().AsTask());

        Assert.False(write.IsCompleted);
        Assert.Equal(0, pool.Returned);
        stream.EndWrite();
        await write.WaitAsync(Patience, Cancelled);
        Assert.Equal(1, pool.Returned);
        await writer.CompleteAsync();
    }

    /// <summary>The end of the write and the completion at the same moment: no exception, and no buffer is returned twice.</summary>
    [Fact]
    public async Task A_completion_meets_the_end_of_a_write()
    {
        using var pool = new CountingPool();
        for (var round = 0; round < Rounds; round++)
        {
            await using var stream = new PendingStream();
            var writer = new SslStreamWriter(stream, new StreamPipeWriterOptions(pool, leaveOpen: true));
            writer.Advance(writer.GetSpan(100).Length);
            var write = writer.FlushAsync(Cancelled).AsTask();

            var ending = Task.Run(stream.EndWrite, Cancelled);
            try
            {
                await writer.CompleteAsync();
            }
            catch (IOException)
            {
                // The write was still under way.
            }

            await Task.WhenAll(ending, write).WaitAsync(Patience, Cancelled);
        }

        Assert.Equal(Rounds, pool.Returned);
        Assert.Equal(Rounds, pool.Rented);
    }

    /// <summary>A write waits until the test ends it.</summary>
    sealed class PendingStream : MemoryStream
    {
        readonly TaskCompletionSource _write = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void EndWrite() => _write.SetResult();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => await _write.Task;
    }

    sealed class CountingPool : MemoryPool<byte>
    {
        int _rented, _returned;

        public int Rented => Volatile.Read(ref _rented);

        public int Returned => Volatile.Read(ref _returned);

        public override int MaxBufferSize => 4096;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
        {
            Interlocked.Increment(ref _rented);
            return new Owner(this);
        }

        protected override void Dispose(bool disposing)
        {
        }

        sealed class Owner(CountingPool pool) : IMemoryOwner<byte>
        {
            public Memory<byte> Memory { get; } = new byte[4096];

            public void Dispose() => Interlocked.Increment(ref pool._returned);
        }
    }
}
