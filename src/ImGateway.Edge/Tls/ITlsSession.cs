using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;

namespace ImGateway.Edge.Tls;

/// <summary>A connection whose handshake is complete: what was negotiated, and the decrypted side. Disposing of it leaves the transport open.</summary>
interface ITlsSession : IDuplexPipe, IAsyncDisposable
{
    SslProtocols Protocol { get; }

    TlsCipherSuite CipherSuite { get; }

    /// <summary>Empty if none was negotiated.</summary>
    SslApplicationProtocol ApplicationProtocol { get; }

    bool Resumed { get; }

    /// <summary>Sends close_notify (RFC 8446 §6.1). After both pipes have been completed.</summary>
    Task ShutdownAsync();
}
