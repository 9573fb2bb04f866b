using ImGateway.DirectTls.OpenSsl;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.Direct;
using ImGateway.Edge.Tls.Policy;
using ImGateway.Edge.Tls.SslStream;

namespace ImGateway.Edge;

/// <summary>Creates the TLS engine that <c>Edge:Tls:Engine</c> names.</summary>
/// <param name="policy">The policy that OpenSSL has loaded.</param>
public sealed class TlsEngineFactory(LoadedTlsPolicy policy)
{
    /// <summary>SslStream where the configured engine cannot be used: <see cref="FallbackReason"/>.</summary>
    internal ITlsEngine Of(TlsSection options) => options.Engine switch
    {
        TlsEngine.SslStream => new SslStreamEngine(policy),
        TlsEngine.Direct => FallbackReason(options) is null ? new DirectEngine(policy) : new SslStreamEngine(policy),
        var other => throw new ArgumentOutOfRangeException(nameof(options), other, "no engine of this program"),
    };

    /// <summary>Why this machine gets SslStream instead of the configured engine; null if it gets the configured one.</summary>
    internal string? FallbackReason(TlsSection options) => options.Engine is TlsEngine.Direct ? policy.Problem ?? OpenSslLibrary.Problem() : null;
}
