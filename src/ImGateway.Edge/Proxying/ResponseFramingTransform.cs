using System.Net.Http.Headers;
using Yarp.ReverseProxy.Transforms;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// Rejects a response whose end is ambiguous (RFC 9112 §6.3): bytes after it on the upstream's connection
/// could be taken for the response to another request.
/// </summary>
sealed class ResponseFramingTransform : ResponseTransform
{
    public override ValueTask ApplyAsync(ResponseTransformContext context)
    {
        if (context.ProxyResponse is not { } response) return default;
        var coded = response.Headers.NonValidated.TryGetValues("Transfer-Encoding", out var codings);
        if (response.Content.Headers.NonValidated.TryGetValues("Content-Length", out var lengths) && (coded || !IsLength(lengths))) throw Invalid("two lengths");
        if (coded && !(codings.Count == 1 && string.Equals(codings.ToString(), "chunked", StringComparison.OrdinalIgnoreCase))) throw Invalid("a transfer coding that is not chunked");
        return default;
    }

    static bool IsLength(in HeaderStringValues lengths) => lengths.Count == 1 && !lengths.ToString().AsSpan().ContainsAnyExceptInRange('0', '9');

    static HttpRequestException Invalid(string what) => new(HttpRequestError.InvalidResponse, $"the upstream answered with {what}");
}
