using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.Policy;
using ImGateway.Edge.Tls.SslStream;

namespace ImGateway.Edge;

/// <summary>Creates the TLS engine that <c>Edge:Tls:Engine</c> names.</summary>
/// <param name="policy">The policy that OpenSSL has loaded.</param>
public sealed class TlsEngineFactory(LoadedTlsPolicy policy)
{
    internal ITlsEngine Of(TlsSection options) => options.Engine switch
    {
        TlsEngine.SslStream => new SslStreamEngine(policy),
        var other => throw new ArgumentOutOfRangeException(nameof(options), other, "no engine of this program"),
    };
}
