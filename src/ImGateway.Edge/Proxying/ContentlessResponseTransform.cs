using Yarp.ReverseProxy.Transforms;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// Removes content, or its length, from a gateway's response whose status has none. RFC 9110 §8.6: no length with 1xx and 204; §15.3.6: no content with
/// 205. Kestrel would reject the whole response. With 304 a length is valid: it is that of the 200.
/// </summary>
sealed class ContentlessResponseTransform : ResponseTransform
{
    public override ValueTask ApplyAsync(ResponseTransformContext context)
    {
        // The gateway's status, because over HTTP/2 its 101 has become a 200.
        var status = (int?)context.ProxyResponse?.StatusCode;
        if (status is not ((>= 100 and < 200) or StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent)) return default;
        context.HttpContext.Response.ContentLength = null;
        // Unlike 1xx and 204, a 205 does not end at its headers (RFC 9112 §6.3): Kestrel writes a length of 0.
        if (status == StatusCodes.Status205ResetContent) context.SuppressResponseBody = true;
        return default;
    }
}
