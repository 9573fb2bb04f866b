namespace ImGateway.Edge.WebSockets;

/// <summary>One WebSocket as the registry knows it: what can be asked of it, whatever relays it.</summary>
abstract class OpenWebSocket(string route, TimeProvider time)
{
    long _bytesIn;
    long _bytesOut;
    long _lastActivity = time.GetTimestamp();

    public string Route => route;

    public DateTimeOffset Since { get; } = time.GetUtcNow();

    /// <summary>From the client.</summary>
    public long BytesIn => Volatile.Read(ref _bytesIn);

    /// <summary>To the client.</summary>
    public long BytesOut => Volatile.Read(ref _bytesOut);

    /// <summary>Of the Close frame that the client got; 0 = none, or it said none.</summary>
    public int CloseCode { get; protected set; }

    /// <summary>When the last byte came from either side and could go on to the other.</summary>
    public DateTimeOffset LastActivity => time.GetUtcNow() - IdleFor;

    public TimeSpan IdleFor => time.GetElapsedTime(Volatile.Read(ref _lastActivity));

    /// <summary>
    /// Writes a Close frame (RFC 6455 §5.5.1) to the client at the next frame boundary, once, unless the upstream's own has begun.
    /// The client's echo goes on to the upstream, which ends the socket in order. Returns at once; may be called from anywhere, again too.
    /// </summary>
    public abstract void RequestClose(ushort code);

    /// <summary>Ends both sides at once, without a closing handshake. May be called from anywhere, again too.</summary>
    public abstract void Abort(ClosedBy by);

    // Each direction has one writer: the loop that copies it.
    protected void CountReceived(int bytes)
    {
        Volatile.Write(ref _bytesIn, _bytesIn + bytes);
        Volatile.Write(ref _lastActivity, time.GetTimestamp());
    }

    protected void CountSent(int bytes)
    {
        Volatile.Write(ref _bytesOut, _bytesOut + bytes);
        Volatile.Write(ref _lastActivity, time.GetTimestamp());
    }
}
