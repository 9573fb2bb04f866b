using ImGateway.Edge.Challenges;
using Microsoft.AspNetCore.Http.Features;

namespace ImGateway.Edge.Proxying;

/// <summary>http-01 as a request asks for it (RFC 8555 §8.3), on port 80 and, where something in front sends CAs there, on 443.</summary>
static class ChallengeAnswer
{
    /// <summary>Whether the request is for a token and nothing else; then <paramref name="answer"/> is its response, null for a token that is not pending.</summary>
    public static bool IsAskedFor(HttpContext context, HttpChallenges challenges, out byte[]? answer)
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
