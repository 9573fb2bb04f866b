namespace ImGateway.Edge.WebSockets;

/// <summary>One WebSocket as the registry knows it: what can be asked of it, whatever relays it.</summary>
sealed class OpenWebSocket(string route, DateTimeOffset since)
{
    long _bytesIn;
    long _bytesOut;

    public string Route => route;

    public DateTimeOffset Since => since;

    /// <summary>From the client.</summary>
    public long BytesIn => Volatile.Read(ref _bytesIn);

    /// <summary>To the client.</summary>
    public long BytesOut => Volatile.Read(ref _bytesOut);

    // Each direction has one writer: the loop that copies it.
    internal void OnReceived(int bytes) => Volatile.Write(ref _bytesIn, _bytesIn + bytes);

    internal void OnSent(int bytes) => Volatile.Write(ref _bytesOut, _bytesOut + bytes);
}
