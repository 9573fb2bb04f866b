using ImGateway.Edge.Challenges;
using ImGateway.Edge.Proxying.Checks;
using Microsoft.AspNetCore.Http.Features;

namespace ImGateway.Edge.Proxying;

/// <summary>Answers http-01 requests (RFC 8555 §8.3), on port 80 and, after a redirect by a proxy in front, on 443.</summary>
static class HttpChallengeEndpoint
{
    /// <summary>Whether the request is an http-01 request; if so, <paramref name="keyAuthorization"/> is the key authorization, null for a token that is not pending.</summary>
    public static bool IsChallengeRequest(HttpContext context, HttpChallenges challenges, out byte[]? keyAuthorization)
    {
        keyAuthorization = null;
        return (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
            && TargetCheck.OriginForm(context.Features.Get<IHttpRequestFeature>()!.RawTarget) is { } path
            && challenges.IsChallenge(path, out keyAuthorization);
    }

    public static async Task WriteAsync(HttpContext context, byte[] keyAuthorization)
    {
        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = keyAuthorization.Length;
        await context.Response.Body.WriteAsync(keyAuthorization, context.RequestAborted);
    }
}
