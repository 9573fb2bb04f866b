using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.SslStream;

namespace ImGateway.Edge;

/// <summary>The engines this program has, by the value of <c>Edge:Tls:Engine</c>.</summary>
static class TlsEngines
{
    public static ITlsEngine Of(TlsSection options) => options.Engine switch
    {
        TlsEngine.SslStream => new SslStreamEngine(),
        var other => throw new ArgumentOutOfRangeException(nameof(options), other, "no engine of this program"),
    };
}
