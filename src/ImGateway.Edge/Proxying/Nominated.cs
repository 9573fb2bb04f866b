using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Transforms;

namespace ImGateway.Edge.Proxying;

/// <summary>RFC 9110 §7.6.1: the fields that Connection names are meant for the next hop alone. Framing and host are never the other side's to take away.</summary>
static class Nominated
{
    /// <param name="connection">One value of Connection.</param>
    /// <param name="headers">Where to remove what it names.</param>
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

    internal sealed class OfResponse : ResponseTransform
    {
        public override ValueTask ApplyAsync(ResponseTransformContext context)
        {
            if (context.ProxyResponse is { } response) Remove(response, context.HttpContext.Response.Headers);
            return default;
        }
    }

    internal sealed class OfTrailers : ResponseTrailersTransform
    {
        public override ValueTask ApplyAsync(ResponseTrailersTransformContext context)
        {
            var trailers = context.HttpContext.Features.Get<IHttpResponseTrailersFeature>()?.Trailers;
            if (context.ProxyResponse is { } response && trailers is { IsReadOnly: false, Count: > 0 }) Remove(response, trailers);
            return default;
        }
    }
}
