using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;

namespace ImGateway.Edge.Tls;

/// <summary>A connection with a completed handshake: the negotiated parameters and the decrypted pipes. Disposing it leaves the transport open.</summary>
interface ITlsSession : IDuplexPipe, IAsyncDisposable
{
    SslProtocols Protocol { get; }

    TlsCipherSuite CipherSuite { get; }

    /// <summary>Empty if none was negotiated.</summary>
    SslApplicationProtocol ApplicationProtocol { get; }

    bool Resumed { get; }

    /// <summary>Sends close_notify (RFC 8446 §6.1). To be called after both pipes have been completed.</summary>
    Task ShutdownAsync();
}
