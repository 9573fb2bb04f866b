using System.Text;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Proxying.Checks;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Net.Http.Headers;

namespace ImGateway.Edge.Proxying;

/// <summary>Kestrel settings of the edge: header encodings and request limits.</summary>
static class KestrelSettings
{
    /// <summary>More than Kestrel's default of 5 s, for phones that change networks.</summary>
    static readonly TimeSpan DataRateGrace = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Time-out of a whole header block, also over HTTP/2. Clients send it at once, even phones; a slower client is an attack (slowloris).
    /// </summary>
    static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(15);

    /// <summary>The default of nginx' send_timeout.</summary>
    static readonly TimeSpan ResponseGrace = TimeSpan.FromSeconds(60);

    /// <summary>Sets the fixed settings, at start.</summary>
    public static void Configure(KestrelServerOptions kestrel, EdgeOptions options)
    {
        // A bare LF must not end a line (RFC 9112 §2.2): recipients that differ here allow request smuggling.
        AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", true);
        kestrel.AddServerHeader = false;
        // For a proxy, header values are bytes (RFC 9110 §5.5). With the default UTF-8, other bytes would be rejected, and UTF-8 would
        // not be forwarded by .NET's client.
        kestrel.RequestHeaderEncodingSelector = static name => name == HeaderNames.ContentLength ? DigitsOnlyEncoding.Instance : Encoding.Latin1;
        kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1;
        SetLimits(kestrel, options);
    }

    /// <summary>Sets the limits, also while serving: they apply to new connections, and some of them to open ones.</summary>
    public static void SetLimits(KestrelServerOptions kestrel, EdgeOptions options)
    {
        var limits = kestrel.Limits;
        limits.MaxRequestBodySize = options.Limits.RequestBodyBytes;
        limits.MaxRequestHeadersTotalSize = options.Limits.HeaderBytes;
        limits.Http2.MaxRequestHeaderFieldSize = options.Limits.HeaderBytes;
        // The line also contains method and version; RequestFlow checks the exact target length.
        limits.MaxRequestLineSize = options.Limits.UrlBytes + 64;
        limits.MaxRequestBufferSize = Math.Max(1024 * 1024, limits.MaxRequestLineSize);
        limits.RequestHeadersTimeout = HeadersTimeout;
        var rate = options.Limits.MinBytesPerSecond;
        limits.MinRequestBodyDataRate = rate > 0 ? new MinDataRate(rate, DataRateGrace) : null;
        limits.MinResponseDataRate = rate > 0 ? new MinDataRate(rate, ResponseGrace) : null;
    }
}
