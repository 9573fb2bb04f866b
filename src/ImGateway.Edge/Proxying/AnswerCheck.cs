using System.Net.Http.Headers;
using Yarp.ReverseProxy.Transforms;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// An answer whose end two readers may see at different places is none (RFC 9112 §6.3): whatever follows it on the upstream's connection
/// could be taken for somebody else's answer.
/// </summary>
sealed class AnswerCheck : ResponseTransform
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
