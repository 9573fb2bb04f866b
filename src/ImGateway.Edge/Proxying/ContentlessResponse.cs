using Yarp.ReverseProxy.Transforms;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// What a gateway sends as content, or as its length, with a status that has none. RFC 9110 §8.6: no length with 1xx and 204; §15.3.6: no content with
/// 205. Kestrel would refuse the whole response. With 304 a length is legal: it is that of the 200.
/// </summary>
sealed class ContentlessResponse : ResponseTransform
{
    public override ValueTask ApplyAsync(ResponseTransformContext context)
    {
        // The gateway's status: over HTTP/2 its 101 has become a 200.
        var status = (int?)context.ProxyResponse?.StatusCode;
        if (status is not ((>= 100 and < 200) or StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent)) return default;
        context.HttpContext.Response.ContentLength = null;
        // RFC 9112 §6.3 ends only the others at their headers: Kestrel writes a length of 0.
        if (status == StatusCodes.Status205ResetContent) context.SuppressResponseBody = true;
        return default;
    }
}
