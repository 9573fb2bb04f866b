using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using ImGateway.Edge.Connections;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Tls;

/// <summary>
/// The connection's transport as the stream under SslStream. Zero-byte reads wait for data without a buffer; while the handshake
/// lasts, what the server writes is shown to <see cref="ResumptionObserver"/>, and the place in <paramref name="queue"/> is given back as soon
/// as there is nothing to compute before the client answers.
/// </summary>
sealed class TransportStream(IDuplexPipe transport, HandshakeQueue? queue = null) : Stream
{
    /// <summary>Bytes that were there already when they were asked for, after which others have their turn on the thread: a millisecond or so of small frames.</summary>
    const int Turn = 16 * 1024;

    /// <summary>What a write is worth of them: the answer to a frame costs far more than a frame that is only read. Who reads and who writes may count at the same time; it need not be exact.</summary>
    const int TurnOfWrite = 512;

    ResumptionObserver _observer;
    HandshakeQueue? _queue = queue;
    bool _observing = true;
    int _inThisTurn;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Ends the observation, at the end of the handshake; true if a session was resumed.</summary>
    public bool EndHandshake()
    {
        _observing = false;
        return _observer.Resumed;
    }

    /// <summary>At the latest at the end of the handshake.</summary>
    public void LeaveQueue()
    {
        _queue?.Leave();
        _queue = null;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_inThisTurn >= Turn) await LetOthersAsync();

        ReadResult result;
        try
        {
            var reading = transport.Input.ReadAsync(cancellationToken);
            // The costly part, key exchange and signature, is over; a client that is slow to go on must not keep others waiting.
            // What may follow, a Finished or, rarely, the hello that a retry asked for (RFC 8446 §4.1.4), goes on without a place.
            if (!reading.IsCompleted)
            {
                LeaveQueue();
                _inThisTurn = 0;
            }

            result = await reading;
        }
        catch (ConnectionResetException)
        {
            // To a server an end like any other, of which the connection's own token tells too. As an exception it would be thrown anew by
            // each of the dozen layers above.
            return 0;
        }

        var available = result.Buffer;
        var count = (int)Math.Min(available.Length, buffer.Length);
        _inThisTurn += count;
        var taken = available.Slice(0, count);
        taken.CopyTo(buffer.Span);
        transport.Input.AdvanceTo(taken.End);
        return count;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_inThisTurn >= Turn) await LetOthersAsync();
        _inThisTurn += TurnOfWrite;
        if (_observing) _observer.OnWritten(buffer.Span);
        var result = await transport.Output.WriteAsync(buffer, cancellationToken);
        // Later the connection's own token tells: Kestrel takes an exception of a write for a mistake, and logs it as an error with its stack, as
        // often as clients leave amid an answer.
        if (result.IsCompleted && _observing) throw new IOException("The connection is closed.");
    }

    /// <summary>
    /// A client that sends without pause would else keep its thread for as long as it does: there are hardly more of them than processors, and
    /// .NET takes half a second to add one.
    /// </summary>
    YieldAwaitable LetOthersAsync()
    {
        _inThisTurn = 0;
        return Task.Yield();
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
