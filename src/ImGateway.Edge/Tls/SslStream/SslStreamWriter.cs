using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace ImGateway.Edge.Tls.SslStream;

/// <summary>
/// .NET's pipe writer over the stream, which is completed only when no write is under way: it is not thread-safe, and Kestrel may leave a write pending on a connection
/// that it has aborted. Both would return the same buffers.
/// </summary>
sealed class SslStreamWriter(Stream stream, StreamPipeWriterOptions options) : PipeWriter
{
    // Completing: completed by the end of the write.
    const int Idle = 0, Writing = 1, Completing = 2, Completed = 3;

    readonly PipeWriter _inner = Create(stream, options);
    int _state;

    public override bool CanGetUnflushedBytes => _inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => _inner.UnflushedBytes;

    public override void Advance(int bytes) => _inner.Advance(bytes);

    public override Memory<byte> GetMemory(int sizeHint = 0) => _inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => _inner.GetSpan(sizeHint);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        var isFirst = TryBegin();
        return Follow(_inner.FlushAsync(cancellationToken), isFirst);
    }

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        var isFirst = TryBegin();
        return Follow(_inner.WriteAsync(source, cancellationToken), isFirst);
    }

    public override void CancelPendingFlush() => _inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null)
    {
        if (TryComplete(out _)) _inner.Complete(exception);
    }

    /// <exception cref="IOException">A write is under way: the connection can only be aborted.</exception>
    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        if (TryComplete(out var isWriting)) await _inner.CompleteAsync(exception);
        else if (isWriting) throw new IOException("A write to the client is still under way.");
    }

    bool TryBegin() => Interlocked.CompareExchange(ref _state, Writing, Idle) == Idle;

    ValueTask<FlushResult> Follow(ValueTask<FlushResult> write, bool isFirst)
    {
        if (!isFirst) return write;
        if (!write.IsCompleted) return AwaitAsync(write);
        End();
        return write;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    async ValueTask<FlushResult> AwaitAsync(ValueTask<FlushResult> write)
    {
        try
        {
            return await write;
        }
        finally
        {
            End();
        }
    }

    void End()
    {
        if (Interlocked.CompareExchange(ref _state, Idle, Writing) != Completing) return;
        Volatile.Write(ref _state, Completed);
        // With an exception nothing more is written.
        _inner.Complete(new IOException("The connection was aborted."));
    }

    bool TryComplete(out bool isWriting)
    {
        while (true)
        {
            var state = Interlocked.CompareExchange(ref _state, Completed, Idle);
            isWriting = state is Writing or Completing;
            if (state == Idle) return true;
            if (state != Writing || Interlocked.CompareExchange(ref _state, Completing, Writing) == Writing) return false;
        }
    }
}
