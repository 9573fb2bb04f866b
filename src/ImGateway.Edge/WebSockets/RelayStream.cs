namespace ImGateway.Edge.WebSockets;

/// <summary>
/// The client's side of a WebSocket. Zero-byte reads pass through: they are how an idle socket waits without a buffer. Only what a relay
/// calls is here; nothing is allocated for a message.
/// </summary>
sealed class RelayStream(Stream client, WebSocketSession session) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = client.ReadAsync(buffer, cancellationToken);
        if (buffer.IsEmpty) return read;
        if (!read.IsCompletedSuccessfully) return AwaitAsync(read);
        var bytes = read.GetAwaiter().GetResult();
        OnRead(bytes);
        return new ValueTask<int>(bytes);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        session.OnSent(buffer.Length);
        return client.WriteAsync(buffer, cancellationToken);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => client.FlushAsync(cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await client.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) client.Dispose();
        base.Dispose(disposing);
    }

    async ValueTask<int> AwaitAsync(ValueTask<int> read)
    {
        var bytes = await read;
        OnRead(bytes);
        return bytes;
    }

    void OnRead(int bytes)
    {
        if (bytes > 0) session.OnReceived(bytes);
        else session.OnClientEnded();
    }
}
