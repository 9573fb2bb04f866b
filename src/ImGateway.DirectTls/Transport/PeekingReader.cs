namespace ImGateway.DirectTls.Transport;

/// <summary>
/// The input before TLS: the PROXY header and the ClientHello. Bytes are peeked (MSG_PEEK of recv(2)) and leave the socket when they are consumed, so that
/// OpenSSL reads from the socket what was only examined.
/// </summary>
sealed class PeekingReader(DirectConnection connection) : ReadinessReader(connection)
{
    /// <summary>From here on bytes are consumed, because a longer ClientHello may not fit into the socket's buffer.</summary>
    const int MaxPeeked = 16 * 1024;

    const int LeastRoom = 2048;

    bool _consumes;

    /// <summary>Takes what was read from the socket and not consumed: OpenSSL must get it before the rest.</summary>
    public ReadOnlySpan<byte> TakeConsumed() => _consumes ? Content : [];

    protected override bool TryFill()
    {
        if (!Connection.IsReadable) return false;
        var known = Buffered;
        if (_consumes || known >= MaxPeeked) return TryReceive();
        var count = Connection.Socket.Peek(Whole(known + LeastRoom));
        Connection.IsReadable = false;
        if (count > known)
        {
            SetBuffered(count);
            return true;
        }

        ReleaseIfEmpty();
        if (count != 0 && !Connection.PeerHasClosed) return false;
        OnEnd();
        return true;
    }

    protected override void WaitForInput()
    {
        if (!_consumes) Connection.Socket.SetLowWatermark(Buffered + 1);
        Connection.Watch(Native.Readiness.Readable);
    }

    protected override void OnConsumed(int count)
    {
        if (!_consumes && !Connection.Socket.IsClosed) Connection.Socket.Discard(count);
    }

    bool TryReceive()
    {
        if (!_consumes)
        {
            _consumes = true;
            Connection.Socket.SetLowWatermark(1);
            Connection.Socket.Discard(Buffered);
        }

        var count = Connection.Socket.Receive(Free(), out _);
        Connection.IsReadable = false;
        if (count > 0) OnReceived(count);
        else if (count == 0) OnEnd();
        return count >= 0;
    }
}
