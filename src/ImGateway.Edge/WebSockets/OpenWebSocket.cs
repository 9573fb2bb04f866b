namespace ImGateway.Edge.WebSockets;

/// <summary>An open WebSocket: its statistics, and the operations that any relay supports.</summary>
abstract class OpenWebSocket(string route, TimeProvider time)
{
    long _bytesIn;
    long _bytesOut;
    long _lastActivity = time.GetTimestamp();
    // The start of the write in progress; NoWrite if there is none.
    long _sendingSince = NoWrite;
    long _forwardingSince = NoWrite;

    const long NoWrite = long.MinValue;

    readonly long _opened = time.GetTimestamp();

    public string Route => route;

    public DateTimeOffset Since { get; } = time.GetUtcNow();

    /// <summary>Measured on the monotonic clock.</summary>
    public TimeSpan Age => time.GetElapsedTime(_opened);

    /// <summary>Bytes received from the client.</summary>
    public long BytesIn => Volatile.Read(ref _bytesIn);

    /// <summary>Bytes sent to the client.</summary>
    public long BytesOut => Volatile.Read(ref _bytesOut);

    /// <summary>The code of the Close frame sent to the client; 0 = no frame, or a frame without a code.</summary>
    public int CloseCode { get; protected set; }

    /// <summary>When the last byte was received from either side.</summary>
    public DateTimeOffset LastActivity => time.GetUtcNow() - IdleFor;

    public TimeSpan IdleFor => time.GetElapsedTime(Volatile.Read(ref _lastActivity));

    /// <summary>How long a write to either side has been blocked.</summary>
    public TimeSpan BlockedFor
    {
        get
        {
            var (sending, forwarding) = (WaitOf(ref _sendingSince), WaitOf(ref _forwardingSince));
            return sending > forwarding ? sending : forwarding;
        }
    }

    /// <summary>
    /// Writes a Close frame (RFC 6455 §5.5.1) to the client at the next frame boundary, once, unless the upstream's own has begun.
    /// The client's echo is relayed to the upstream, which ends the socket. Returns at once. Thread-safe and idempotent.
    /// </summary>
    public abstract void RequestClose(ushort code);

    /// <summary>Ends both sides at once, without a closing handshake. Thread-safe and idempotent.</summary>
    public abstract void Abort(ClosedBy by);

    // Each direction has one writer, its copy loop.
    // Called before and after the write to the upstream.
    protected void BeginForward(int bytes)
    {
        var now = time.GetTimestamp();
        Volatile.Write(ref _forwardingSince, now);
        Volatile.Write(ref _lastActivity, now);
        Volatile.Write(ref _bytesIn, _bytesIn + bytes);
    }

    protected void EndForward() => Volatile.Write(ref _forwardingSince, NoWrite);

    // Called before and after the write to the client.
    protected void BeginSend(int bytes)
    {
        var now = time.GetTimestamp();
        Volatile.Write(ref _sendingSince, now);
        Volatile.Write(ref _lastActivity, now);
        Volatile.Write(ref _bytesOut, _bytesOut + bytes);
    }

    protected void EndSend() => Volatile.Write(ref _sendingSince, NoWrite);

    TimeSpan WaitOf(ref long since) => Volatile.Read(ref since) is var began && began == NoWrite ? TimeSpan.Zero : time.GetElapsedTime(began);
}
