using System.Net.Sockets;
using ImGateway.DirectTls.Transport;
using ImGateway.Edge.Connections.Limits;
using Prometheus;

namespace ImGateway.Edge.Proxying.Upstream;

/// <summary>
/// A connection to the gateway, counted until its socket is closed.
/// <para>
/// A gateway may respond before it has read a request's body, and close (RFC 9112 §9.5, for example 401 and 413). .NET's client would fail at the
/// next write and never read the response. Here this write and all later ones are dropped, so that the client continues to
/// read. If the gateway has sent nothing, the read throws the exception of the write.
/// </para>
/// </summary>
sealed class UpstreamStream(Stream connection, ConnectionBudget budget, Gauge.Child port) : AsynchronousStream
{
    volatile IOException? _failedWrite;
    bool _hasResponse;
    int _closed;

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_failedWrite is not null) return default;
        var write = connection.WriteAsync(buffer, cancellationToken);
        return write.IsCompletedSuccessfully ? write : WriteAsync(write);
    }

    /// <summary>Data received before the reset is still in the socket's buffer. A zero-byte read only waits for it.</summary>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _failedWrite is { } failure && !buffer.IsEmpty ? ReadRestAsync(failure, buffer, cancellationToken) : connection.ReadAsync(buffer, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing) connection.Dispose();
        base.Dispose(disposing);
        if (Interlocked.Exchange(ref _closed, 1) != 0) return;
        port.Dec();
        budget.OnUpstreamDisconnected();
    }

    async ValueTask WriteAsync(ValueTask write)
    {
        try
        {
            await write;
        }
        catch (IOException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown })
        {
            _failedWrite = e;
        }
    }

    async ValueTask<int> ReadRestAsync(IOException failure, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var read = await connection.ReadAsync(buffer, cancellationToken);
        if (read > 0) _hasResponse = true;
        return read > 0 || _hasResponse ? read : throw new IOException(failure.Message, failure.InnerException);
    }
}
