using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using ImGateway.Edge.Tls;

namespace ImGateway.BouncyCastle;

sealed class BouncyCastleSession(BouncyCastleStream stream, BouncyCastleServer server) : ITlsSession
{
    public PipeReader Input { get; } = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true, useZeroByteReads: true));

    public PipeWriter Output { get; } = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));

    public SslProtocols Protocol => server.Version;

    public TlsCipherSuite CipherSuite => server.CipherSuite;

    public SslApplicationProtocol ApplicationProtocol => server.ApplicationProtocol;

    public bool Resumed => false;

    public Task ShutdownAsync() => stream.CloseAsync();

    public ValueTask DisposeAsync() => stream.DisposeAsync();
}
