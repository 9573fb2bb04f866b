using System.Buffers.Binary;

namespace ImGateway.Edge.WebSockets;

/// <summary>
/// The closing handshake of one relayed WebSocket (RFC 6455 §7.1.2): who may write to the client, whether the edge has to insert a
/// Close frame between two frames of the upstream, and who sent the first Close frame.
/// </summary>
sealed class CloseHandshake(Stream client)
{
    // Who may write to the client. From FirstCode on: the copy loop, which has to send a Close frame with this code.
    const int CopyLoop = 0;
    const int Requester = 1;
    const int Closing = 2;
    const int Closed = 3;
    const int FirstCode = 1000;

    const int None = -1;

    TaskCompletionSource? _closing;
    // A ClosedBy; None until a Close frame has passed.
    int _first = None;
    volatile bool _isSent;
    int _writer = CopyLoop;

    /// <summary>Who sent the first Close frame; null until one has passed.</summary>
    public ClosedBy? First => Volatile.Read(ref _first) is var first && first == None ? null : (ClosedBy)first;

    /// <summary>Whether the edge's Close frame has been sent to the client.</summary>
    public bool IsSent => _isSent;

    /// <summary>Whether the copy loop has to send a Close frame at the next frame boundary.</summary>
    public bool IsRequested => Volatile.Read(ref _writer) >= FirstCode;

    /// <summary>
    /// Requests a Close frame, once. True: the caller has to send it now, by <see cref="SendAsync"/>, and to call <see cref="Complete"/>; otherwise the
    /// copy loop sends it.
    /// </summary>
    public bool Request(ushort code)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(code, FirstCode);
        var closing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Interlocked.CompareExchange(ref _closing, closing, null) is not null) return false;
        while (true)
        {
            var writer = Interlocked.CompareExchange(ref _writer, Closing, Requester);
            if (writer == Requester) return true;
            if (writer != CopyLoop || Interlocked.CompareExchange(ref _writer, code, CopyLoop) == CopyLoop) return false;
        }
    }

    /// <summary>The requester has sent its frame, or failed to.</summary>
    public void Complete() => _closing!.SetResult();

    /// <summary>The copy loop allows a requester to write while it waits for the upstream. False: a Close frame must be sent first.</summary>
    public bool TryYield() => Interlocked.CompareExchange(ref _writer, Requester, CopyLoop) == CopyLoop;

    /// <summary>The copy loop continues. False: the edge has sent its Close frame, or is sending it, and nothing may follow (RFC 6455 §5.5.1).</summary>
    public bool TryResume() => Interlocked.CompareExchange(ref _writer, CopyLoop, Requester) == Requester;

    /// <summary>The code of the Close frame that the copy loop has to send. The loop writes nothing else afterwards.</summary>
    public int TakeRequest() => Interlocked.Exchange(ref _writer, Closed);

    /// <summary>Ends the writing: waits for a requester that is sending, so that nothing is written to a stream that Kestrel reuses.</summary>
    public Task FinishAsync() => Interlocked.Exchange(ref _writer, Closed) == Closing ? _closing!.Task : Task.CompletedTask;

    /// <summary>Notes a Close frame. True if it is the first.</summary>
    public bool Note(ClosedBy by) => Interlocked.CompareExchange(ref _first, (int)by, None) == None;

    /// <summary>Sends a Close frame with this code.</summary>
    public async ValueTask SendAsync(int code, CancellationToken cancellationToken)
    {
        var frame = new byte[] { 0x88, sizeof(ushort), 0, 0 };
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)code);
        // Noted before the write, because the client's echo may be read before the write has returned.
        var isFirst = Note(ClosedBy.Drain);
        try
        {
            await client.WriteAsync(frame, cancellationToken);
        }
        catch
        {
            if (isFirst) Interlocked.CompareExchange(ref _first, None, (int)ClosedBy.Drain);
            throw;
        }

        _isSent = true;
    }
}
