using System.Text;
using ImGateway.Edge.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Net.Http.Headers;

namespace ImGateway.Edge.Proxying;

/// <summary>What a proxy needs of Kestrel: how it reads header fields, and the limits of requests.</summary>
static class KestrelSettings
{
    /// <summary>Slower clients than Kestrel's own 5 s allow for: phones that change networks.</summary>
    static readonly TimeSpan DataRateGrace = TimeSpan.FromSeconds(10);

    /// <summary>
    /// For a whole header block, also over HTTP/2. It is sent in one go even by phones: who takes longer holds a connection on purpose (slowloris).
    /// </summary>
    static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(15);

    /// <summary>As long as nginx waits for a client to read on.</summary>
    static readonly TimeSpan ResponseGrace = TimeSpan.FromSeconds(60);

    /// <summary>At start.</summary>
    public static void Configure(KestrelServerOptions kestrel, EdgeOptions options)
    {
        // A bare LF is no end of line (RFC 9112 §2.2): what two readers divide differently is how requests are smuggled.
        AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", true);
        kestrel.AddServerHeader = false;
        // Header values are bytes to a proxy (RFC 9110 §5.5). As UTF-8, which is the default, what is none would be refused, and what is would
        // not be sent on by .NET's client.
        kestrel.RequestHeaderEncodingSelector = static name => name == HeaderNames.ContentLength ? ContentLengthEncoding.Instance : Encoding.Latin1;
        kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1;
        SetLimits(kestrel, options);
    }

    /// <summary>Also while serving: connections accepted from then on keep to the new limits, those that are open to some of them.</summary>
    public static void SetLimits(KestrelServerOptions kestrel, EdgeOptions options)
    {
        var limits = kestrel.Limits;
        limits.MaxRequestBodySize = options.Limits.RequestBodyBytes;
        limits.MaxRequestHeadersTotalSize = options.Limits.HeaderBytes;
        limits.Http2.MaxRequestHeaderFieldSize = options.Limits.HeaderBytes;
        // Method and version share the line with the target; TargetCheck is exact.
        limits.MaxRequestLineSize = options.Limits.UrlBytes + 64;
        limits.MaxRequestBufferSize = Math.Max(1024 * 1024, limits.MaxRequestLineSize);
        limits.RequestHeadersTimeout = HeadersTimeout;
        var rate = options.Limits.MinBytesPerSecond;
        limits.MinRequestBodyDataRate = rate > 0 ? new MinDataRate(rate, DataRateGrace) : null;
        limits.MinResponseDataRate = rate > 0 ? new MinDataRate(rate, ResponseGrace) : null;
    }
}
