using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Transforms;

namespace ImGateway.Edge.Proxying;

/// <summary>Removes the fields that Connection names, which are for the next hop only (RFC 9110 §7.6.1). Framing fields and Host are never removed.</summary>
static class HopByHopHeaders
{
    /// <param name="connection">A value of the Connection header.</param>
    /// <param name="headers">The headers to edit.</param>
    public static void Remove(ReadOnlySpan<char> connection, IHeaderDictionary headers)
    {
        foreach (var range in connection.Split(','))
        {
            var name = connection[range].Trim();
            if (name.Length > 0 && !IsKept(name)) headers.Remove(name.ToString());
        }
    }

    static bool IsKept(ReadOnlySpan<char> name) =>
        name.Equals("keep-alive", StringComparison.OrdinalIgnoreCase)
        || name.Equals("close", StringComparison.OrdinalIgnoreCase)
        || name.Equals("upgrade", StringComparison.OrdinalIgnoreCase)
        || name.Equals("connection", StringComparison.OrdinalIgnoreCase)
        || name.Equals("host", StringComparison.OrdinalIgnoreCase)
        || name.Equals("content-length", StringComparison.OrdinalIgnoreCase)
        || name.Equals("transfer-encoding", StringComparison.OrdinalIgnoreCase);

    static void Remove(HttpResponseMessage response, IHeaderDictionary headers)
    {
        if (!response.Headers.NonValidated.TryGetValues("Connection", out var values)) return;
        foreach (var value in values) Remove(value, headers);
    }

    internal sealed class ResponseHeaders : ResponseTransform
    {
        public override ValueTask ApplyAsync(ResponseTransformContext context)
        {
            if (context.ProxyResponse is { } response) Remove(response, context.HttpContext.Response.Headers);
            return default;
        }
    }

    internal sealed class ResponseTrailers : ResponseTrailersTransform
    {
        public override ValueTask ApplyAsync(ResponseTrailersTransformContext context)
        {
            var trailers = context.HttpContext.Features.Get<IHttpResponseTrailersFeature>()?.Trailers;
            if (context.ProxyResponse is { } response && trailers is { IsReadOnly: false, Count: > 0 }) Remove(response, trailers);
            return default;
        }
    }
}
