using System.Buffers;
using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using NetSslStream = System.Net.Security.SslStream;

namespace ImGateway.Edge.Tls.SslStream;

/// <summary>Pipes over an authenticated SslStream. Zero-byte reads, so that an idle connection holds no buffer.</summary>
sealed class SslStreamSession : ITlsSession
{
    readonly NetSslStream _stream;

    public SslStreamSession(NetSslStream stream, ConnectionContext connection, bool resumed)
    {
        (_stream, Resumed) = (stream, resumed);
        var pool = connection.Features.Get<IMemoryPoolFeature>()?.MemoryPool ?? MemoryPool<byte>.Shared;
        Input = PipeReader.Create(stream, new StreamPipeReaderOptions(pool, leaveOpen: true, useZeroByteReads: true));
        Output = new SslStreamWriter(stream, new StreamPipeWriterOptions(pool, leaveOpen: true));
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    public SslProtocols Protocol => _stream.SslProtocol;

    public TlsCipherSuite CipherSuite => _stream.NegotiatedCipherSuite;

    public SslApplicationProtocol ApplicationProtocol => _stream.NegotiatedApplicationProtocol;

    public bool Resumed { get; }

    public async Task ShutdownAsync()
    {
        try
        {
            await _stream.ShutdownAsync();
        }
        catch (CryptographicException)
        {
            // The client has left within a handshake message, for example a KeyUpdate: OpenSSL sends no close_notify then (SSL_R_SHUTDOWN_WHILE_IN_INIT).
        }
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();
}
