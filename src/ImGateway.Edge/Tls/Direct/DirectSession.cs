using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using ImGateway.DirectTls.OpenSsl;
using ImGateway.DirectTls.Transport;

namespace ImGateway.Edge.Tls.Direct;

/// <summary>A session on a socket of the engine's transport, which owns OpenSSL's state: it lives until the connection is closed.</summary>
sealed class DirectSession(DirectConnection connection, NegotiatedTls negotiated) : ITlsSession
{
    public PipeReader Input { get; } = connection.Input;

    public PipeWriter Output { get; } = connection.Output;

    public SslProtocols Protocol => negotiated.Version;

    public TlsCipherSuite CipherSuite => negotiated.CipherSuite;

    public SslApplicationProtocol ApplicationProtocol => negotiated.ApplicationProtocol;

    public bool Resumed => negotiated.IsResumed;

    public Task ShutdownAsync() => connection.ShutdownTlsAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
