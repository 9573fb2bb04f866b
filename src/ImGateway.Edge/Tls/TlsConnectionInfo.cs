using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Configuration;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace ImGateway.Edge.Tls;

/// <summary>The negotiated parameters as a connection feature, including the features by which Kestrel chooses h2 and the scheme https.</summary>
public sealed class TlsConnectionInfo : ITlsConnectionFeature, ITlsHandshakeFeature, ITlsApplicationProtocolFeature
{
    /// <summary>The configured host that the client requested, or the default host.</summary>
    public required HostName Host { get; init; }

    public required Credential Credential { get; init; }

    public SslProtocols Protocol { get; init; }

    public TlsCipherSuite? NegotiatedCipherSuite { get; init; }

    public SslApplicationProtocol ApplicationProtocol { get; init; }

    public bool IsHttp2 => ApplicationProtocol == SslApplicationProtocol.Http2;

    public bool Resumed { get; init; }

    /// <summary>The connection uses a temporary certificate and is for challenges only.</summary>
    public bool IsTemporary { get; init; }

    ReadOnlyMemory<byte> ITlsApplicationProtocolFeature.ApplicationProtocol => ApplicationProtocol.Protocol;

    string ITlsHandshakeFeature.HostName => Host.Value;

    X509Certificate2? ITlsConnectionFeature.ClientCertificate
    {
        get => null;
        set => throw new NotSupportedException();
    }

    Task<X509Certificate2?> ITlsConnectionFeature.GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult<X509Certificate2?>(null);

#pragma warning disable SYSLIB0058 // Required members of the interface, which .NET derives from the suite and nothing here reads.
    CipherAlgorithmType ITlsHandshakeFeature.CipherAlgorithm => default;

    int ITlsHandshakeFeature.CipherStrength => default;

    HashAlgorithmType ITlsHandshakeFeature.HashAlgorithm => default;

    int ITlsHandshakeFeature.HashStrength => default;

    ExchangeAlgorithmType ITlsHandshakeFeature.KeyExchangeAlgorithm => default;

    int ITlsHandshakeFeature.KeyExchangeStrength => default;
#pragma warning restore SYSLIB0058
}
