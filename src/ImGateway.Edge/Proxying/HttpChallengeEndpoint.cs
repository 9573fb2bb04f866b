using ImGateway.Edge.Challenges;
using ImGateway.Edge.Proxying.Checks;
using Microsoft.AspNetCore.Http.Features;

namespace ImGateway.Edge.Proxying;

/// <summary>Answers http-01 requests (RFC 8555 §8.3), on port 80 and, after a redirect by a proxy in front, on 443.</summary>
static class HttpChallengeEndpoint
{
    /// <summary>Whether the request is an http-01 request; if so, <paramref name="answer"/> is the key authorization, null for a token that is not pending.</summary>
    public static bool IsChallengeRequest(HttpContext context, HttpChallenges challenges, out byte[]? answer)
    {
        answer = null;
        return (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
            && TargetCheck.OriginForm(context.Features.Get<IHttpRequestFeature>()!.RawTarget) is { } path
            && challenges.IsChallenge(path, out answer);
    }

    public static async Task WriteAsync(HttpContext context, byte[] answer)
    {
        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = answer.Length;
        await context.Response.Body.WriteAsync(answer, context.RequestAborted);
    }
}
