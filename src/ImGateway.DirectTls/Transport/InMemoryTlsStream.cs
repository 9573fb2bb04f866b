using System.IO.Pipelines;
using ImGateway.DirectTls.Native;
using ImGateway.DirectTls.OpenSsl;

namespace ImGateway.DirectTls.Transport;

/// <summary>The server's side of TLS over a pair of pipes, without a socket: for self tests. One read and one write may be concurrent.</summary>
public sealed class InMemoryTlsStream : AsynchronousStream
{
    const int ChunkLength = 16 * 1024;

    readonly IDuplexPipe _transport;
    readonly TlsSession _session;
    readonly nint _received, _toSend;
    readonly Lock _lock = new();
    bool _isDisposed;

    /// <exception cref="OpenSslException">OpenSSL has no memory or refuses the credential.</exception>
    public InMemoryTlsStream(TlsServer server, ServerCredential credential, IDuplexPipe transport)
    {
        _transport = transport;
        _session = server.AcceptInMemory(credential, out _received, out _toSend);
    }

    /// <exception cref="OpenSslException">The protocol has failed; an alert has been sent.</exception>
    /// <exception cref="IOException">The client has closed the connection.</exception>
    public async Task<NegotiatedTls> HandshakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            TlsStatus status;
            lock (_lock) status = _isDisposed ? TlsStatus.Closed : _session.Handshake();
            await SendAsync(cancellationToken);
            if (status is TlsStatus.Done) return _session.Negotiated();
            if (status is TlsStatus.Failed && _session.Failure is { } failure) throw failure;
            if (status is not TlsStatus.WantsRead || !await ReceiveAsync(cancellationToken)) throw new IOException("The client has closed the connection.");
        }
    }

    /// <summary>0 at the end.</summary>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            TlsStatus status;
            int count;
            lock (_lock) (status, count) = _isDisposed ? (TlsStatus.Closed, 0) : (_session.Read(buffer.Span, out var read), read);
            await SendAsync(cancellationToken);
            if (status is TlsStatus.Done) return count;
            if (status is not TlsStatus.WantsRead || !await ReceiveAsync(cancellationToken)) return 0;
        }
    }

    /// <exception cref="IOException">The connection is closed or has failed.</exception>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            lock (_lock)
            {
                if (_isDisposed || _session.Write(buffer.Span, out var count) is not TlsStatus.Done) throw new IOException("The connection is closed.");
                buffer = buffer[count..];
            }

            await SendAsync(cancellationToken);
        }
    }

    /// <summary>Sends close_notify.</summary>
    public async Task ShutdownAsync()
    {
        lock (_lock)
        {
            if (!_isDisposed) _session.Shutdown();
        }

        await SendAsync(CancellationToken.None);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            lock (_lock)
            {
                _isDisposed = true;
                _session.Dispose();
            }
        }

        base.Dispose(disposing);
    }

    async ValueTask SendAsync(CancellationToken cancellationToken)
    {
        while (TakeOutput() > 0) await _transport.Output.FlushAsync(cancellationToken);
    }

    async ValueTask<bool> ReceiveAsync(CancellationToken cancellationToken)
    {
        var read = await _transport.Input.ReadAsync(cancellationToken);
        foreach (var segment in read.Buffer) AddInput(segment.Span);
        var isEnd = read.Buffer.IsEmpty && read.IsCompleted;
        _transport.Input.AdvanceTo(read.Buffer.End);
        return !isEnd;
    }

    unsafe int TakeOutput()
    {
        lock (_lock)
        {
            if (_isDisposed) return 0;
            var memory = _transport.Output.GetSpan(ChunkLength);
            int count;
            fixed (byte* start = memory) count = LibCrypto.BIO_read(_toSend, start, memory.Length);
            if (count > 0) _transport.Output.Advance(count);
            return count;
        }
    }

    unsafe void AddInput(ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            if (_isDisposed || data.IsEmpty) return;
            fixed (byte* start = data)
            {
                if (LibCrypto.BIO_write(_received, start, data.Length) != data.Length) throw new IOException("OpenSSL has no memory.");
            }
        }
    }
}
