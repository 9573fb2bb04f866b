using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using ImGateway.DirectTls.OpenSsl;
using ImGateway.DirectTls.Transport;

namespace ImGateway.Edge.Tls.Direct;

/// <summary>A session over a pair of pipes, for self tests.</summary>
sealed class InMemorySession : ITlsSession
{
    readonly InMemoryTlsStream _tls;
    readonly NegotiatedTls _negotiated;

    InMemorySession(InMemoryTlsStream tls, NegotiatedTls negotiated)
    {
        (_tls, _negotiated) = (tls, negotiated);
        Input = PipeReader.Create(tls, new StreamPipeReaderOptions(leaveOpen: true));
        Output = PipeWriter.Create(tls, new StreamPipeWriterOptions(leaveOpen: true));
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    public SslProtocols Protocol => _negotiated.Version;

    public TlsCipherSuite CipherSuite => _negotiated.CipherSuite;

    public SslApplicationProtocol ApplicationProtocol => _negotiated.ApplicationProtocol;

    public bool Resumed => _negotiated.IsResumed;

    public static async Task<ITlsSession> AuthenticateAsync(TlsServer server, ServerCredential credential, IDuplexPipe transport, CancellationToken cancellationToken)
    {
        var tls = new InMemoryTlsStream(server, credential, transport);
        try
        {
            return new InMemorySession(tls, await tls.HandshakeAsync(cancellationToken));
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    public Task ShutdownAsync() => _tls.ShutdownAsync();

    public ValueTask DisposeAsync() => _tls.DisposeAsync();
}
