namespace ImGateway.Edge.WebSockets;

/// <summary>One WebSocket as the registry knows it: what can be asked of it, whatever relays it.</summary>
abstract class OpenWebSocket(string route, TimeProvider time)
{
    long _bytesIn;
    long _bytesOut;
    long _lastActivity = time.GetTimestamp();
    // When a write began that has not ended; NoWrite between two.
    long _sendingSince = NoWrite;
    long _forwardingSince = NoWrite;

    const long NoWrite = long.MinValue;

    readonly long _opened = time.GetTimestamp();

    public string Route => route;

    public DateTimeOffset Since { get; } = time.GetUtcNow();

    /// <summary>On a clock that is never set.</summary>
    public TimeSpan Age => time.GetElapsedTime(_opened);

    /// <summary>From the client.</summary>
    public long BytesIn => Volatile.Read(ref _bytesIn);

    /// <summary>To the client.</summary>
    public long BytesOut => Volatile.Read(ref _bytesOut);

    /// <summary>Of the Close frame that the client got; 0 = none, or it said none.</summary>
    public int CloseCode { get; protected set; }

    /// <summary>When the last byte came from either side and could go on to the other.</summary>
    public DateTimeOffset LastActivity => time.GetUtcNow() - IdleFor;

    public TimeSpan IdleFor => time.GetElapsedTime(Volatile.Read(ref _lastActivity));

    /// <summary>How long one side has not taken what the other one sent, although that one may go on to send.</summary>
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
    /// The client's echo goes on to the upstream, which ends the socket in order. Returns at once; may be called from anywhere, again too.
    /// </summary>
    public abstract void RequestClose(ushort code);

    /// <summary>Ends both sides at once, without a closing handshake. May be called from anywhere, again too.</summary>
    public abstract void Abort(ClosedBy by);

    // Each direction has one writer: the loop that copies it.
    // Before they are written to the upstream, and when it has taken them.
    protected void CountReceived(int bytes)
    {
        var now = time.GetTimestamp();
        Volatile.Write(ref _forwardingSince, now);
        Volatile.Write(ref _lastActivity, now);
        Volatile.Write(ref _bytesIn, _bytesIn + bytes);
    }

    protected void CountForwarded() => Volatile.Write(ref _forwardingSince, NoWrite);

    // Before they are written to the client, and when it has taken them.
    protected void CountSent(int bytes)
    {
        var now = time.GetTimestamp();
        Volatile.Write(ref _sendingSince, now);
        Volatile.Write(ref _lastActivity, now);
        Volatile.Write(ref _bytesOut, _bytesOut + bytes);
    }

    protected void CountTaken() => Volatile.Write(ref _sendingSince, NoWrite);

    TimeSpan WaitOf(ref long since) => Volatile.Read(ref since) is var began && began == NoWrite ? TimeSpan.Zero : time.GetElapsedTime(began);
}
