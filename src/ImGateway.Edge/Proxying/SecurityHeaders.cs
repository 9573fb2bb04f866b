using System.Globalization;
using ImGateway.Edge.Configuration;
using Microsoft.Extensions.Primitives;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// Adds the security headers to every response of the pipeline, including errors and 101. Written when the response starts, so that they replace the
/// upstream's headers of the same names and survive Response.Clear.
/// </summary>
sealed class SecurityHeaders
{
    readonly KeyValuePair<string, StringValues>[] _plain;
    readonly KeyValuePair<string, StringValues>[] _overTls;
    readonly Func<object, Task> _writePlain;
    readonly Func<object, Task> _writeOverTls;

    public SecurityHeaders(EdgeOptions options)
    {
        var headers = new Dictionary<string, StringValues>(StringComparer.OrdinalIgnoreCase);
        if (options.Headers.FrameOptions.Length > 0) headers["X-Frame-Options"] = options.Headers.FrameOptions;
        if (options.Headers.ContentTypeOptions.Length > 0) headers["X-Content-Type-Options"] = options.Headers.ContentTypeOptions;
        foreach (var (name, value) in options.Headers.Custom) headers[name] = value;
        _plain = [.. headers];
        // RFC 6797 §7.2: never over plain HTTP.
        if (options.Headers.Hsts.MaxAge > TimeSpan.Zero) headers.TryAdd("Strict-Transport-Security", Hsts(options.Headers.Hsts));
        _overTls = [.. headers];
        _writePlain = response => Write((HttpResponse)response, _plain);
        _writeOverTls = response => Write((HttpResponse)response, _overTls);
    }

    public void AddTo(HttpResponse response, bool overTls) => response.OnStarting(overTls ? _writeOverTls : _writePlain, response);

    static Task Write(HttpResponse response, KeyValuePair<string, StringValues>[] headers)
    {
        var target = response.Headers;
        foreach (var (name, value) in headers) target[name] = value;
        // Do not reveal the gateway's software.
        target.Remove("Server");
        target.Remove("X-Powered-By");
        return Task.CompletedTask;
    }

    static string Hsts(HstsSection hsts) => string.Create(
        CultureInfo.InvariantCulture,
        $"max-age={(long)hsts.MaxAge.TotalSeconds}{(hsts.IncludeSubDomains ? "; includeSubDomains" : "")}{(hsts.Preload ? "; preload" : "")}");
}
