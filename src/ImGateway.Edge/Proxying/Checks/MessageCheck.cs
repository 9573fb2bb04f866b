using System.Buffers;
using Microsoft.Extensions.Primitives;

namespace ImGateway.Edge.Proxying.Checks;

/// <summary>Rejects messages that Kestrel accepts although another recipient may parse them differently (request smuggling, RFC 9112 §11.2).</summary>
static class MessageCheck
{
    /// <summary>The header under which Kestrel keeps a Content-Length that Transfer-Encoding overrides.</summary>
    const string OverriddenLength = "X-Content-Length";

    // RFC 9110 §5.6.2.
    static readonly SearchValues<char> Token = SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    // RFC 9110 §5.5: all control characters except tab are invalid; bytes above ASCII are opaque.
    static readonly SearchValues<char> Controls = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Select(c => (char)c).Where(c => c != '\t'), '\u007f']);

    /// <summary>RFC 9112 §6.1: only chunked, only in HTTP/1.1 and without a length. No Transfer-Encoding in HTTP/2 (RFC 9113 §8.2.2).</summary>
    public static Refusal? Framing(HttpRequest request)
    {
        var codings = request.Headers.TransferEncoding;
        if (HttpProtocol.IsHttp2(request.Protocol)) return codings.Count > 0 || IsForOneConnection(request.Headers) ? Refusal.BadMessage : null;
        if (codings.Count == 0) return null;
        if (HttpProtocol.IsHttp10(request.Protocol)) return Refusal.BadMessage;
        if (request.Headers.ContentLength is not null || request.Headers.ContainsKey(OverriddenLength)) return Refusal.BadMessage;
        return codings is [var coding] && string.Equals(coding, "chunked", StringComparison.OrdinalIgnoreCase) ? null : Refusal.TransferCoding;
    }

    public static bool IsField(string name, in StringValues values)
    {
        if (name.AsSpan().ContainsAnyExcept(Token)) return false;
        foreach (var value in values)
        {
            if (value.AsSpan().ContainsAny(Controls)) return false;
        }

        return true;
    }

    static bool IsForOneConnection(IHeaderDictionary headers) => headers.Upgrade.Count > 0 || headers.KeepAlive.Count > 0 || headers.ProxyConnection.Count > 0;
}
