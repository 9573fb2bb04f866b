using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Tls.SslStream;

/// <summary>
/// The connection's transport as the stream under SslStream. During the handshake the server's output is passed to
/// <see cref="ResumptionObserver"/>, and <paramref name="slot"/> is released as soon as the server only waits for the client.
/// </summary>
sealed class TransportStream(IDuplexPipe transport, HandshakeSlot slot) : DuplexPipeStream(transport)
{
    /// <summary>The number of bytes read without waiting after which the thread is yielded: about a millisecond of small frames.</summary>
    const int YieldAfter = 16 * 1024;

    /// <summary>
    /// What a write adds to this number, because the response to a frame costs far more than a frame that is only read. Reader and writer may update the
    /// count concurrently; it need not be exact.
    /// </summary>
    const int CostOfWrite = 512;

    ResumptionObserver _observer;
    HandshakeSlot? _slot = slot;
    bool _observing = true;
    int _sinceYield;

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
        if (_sinceYield >= YieldAfter) await YieldAsync();

        ReadResult result;
        try
        {
            var reading = Input.ReadAsync(cancellationToken);
            // The costly part, key exchange and signature, is over; a client that responds slowly must not delay others.
            // What may follow, a Finished or, rarely, the ClientHello after a HelloRetryRequest (RFC 8446 §4.1.4), is processed without a slot.
            if (!reading.IsCompleted)
            {
                _slot?.Release();
                _sinceYield = 0;
            }

            result = await reading;
        }
        catch (ConnectionResetException)
        {
            // A reset is treated as end of stream; ConnectionClosed signals it. An exception would be rethrown by
            // each of the dozen layers above.
            return 0;
        }

        var count = Take(result, buffer.Span);
        _sinceYield += count;
        return count;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_sinceYield >= YieldAfter) await YieldAsync();
        _sinceYield += CostOfWrite;
        if (_observing) _observer.OnWritten(buffer.Span);
        var result = await Output.WriteAsync(buffer, cancellationToken);
        // After the handshake ConnectionClosed signals it: Kestrel logs an exception of a write as an error with its stack trace, and clients often
        // disconnect during a response.
        if (result.IsCompleted && _observing) throw new IOException("The connection is closed.");
    }

    /// <summary>
    /// A client that sends without pause would otherwise occupy a thread of the pool as long as it sends: there are few more threads than processors, and
    /// .NET takes half a second to add one.
    /// </summary>
    YieldAwaitable YieldAsync()
    {
        _sinceYield = 0;
        return Task.Yield();
    }
}
