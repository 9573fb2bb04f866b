using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Tls.SslStream;

/// <summary>
/// The connection's transport as the stream under SslStream. While the handshake lasts, what the server writes is shown to
/// <see cref="ResumptionObserver"/>, and <paramref name="slot"/> is left as soon as there is nothing to compute before the client answers.
/// </summary>
sealed class TransportStream(IDuplexPipe transport, HandshakeSlot? slot = null) : DuplexPipeStream(transport)
{
    /// <summary>Bytes that were there already when they were asked for, after which others have their turn on the thread: a millisecond or so of small frames.</summary>
    const int Turn = 16 * 1024;

    /// <summary>What a write is worth of them: the answer to a frame costs far more than a frame that is only read. Who reads and who writes may count at the same time; it need not be exact.</summary>
    const int TurnOfWrite = 512;

    ResumptionObserver _observer;
    HandshakeSlot? _slot = slot;
    bool _observing = true;
    int _inThisTurn;

    /// <summary>Ends the observation, at the end of the handshake; true if a session was resumed.</summary>
    public bool EndHandshake()
    {
        _slot = null;
        _observing = false;
        return _observer.Resumed;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_inThisTurn >= Turn) await LetOthersAsync();

        ReadResult result;
        try
        {
            var reading = Input.ReadAsync(cancellationToken);
            // The costly part, key exchange and signature, is over; a client that is slow to go on must not keep others waiting.
            // What may follow, a Finished or, rarely, the hello that a retry asked for (RFC 8446 §4.1.4), goes on without a place.
            if (!reading.IsCompleted)
            {
                _slot?.Leave();
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

        var count = Take(result, buffer.Span);
        _inThisTurn += count;
        return count;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_inThisTurn >= Turn) await LetOthersAsync();
        _inThisTurn += TurnOfWrite;
        if (_observing) _observer.OnWritten(buffer.Span);
        var result = await Output.WriteAsync(buffer, cancellationToken);
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
}
