using Yarp.ReverseProxy.Transforms;

namespace ImGateway.Edge.Proxying.Upstream;

/// <summary>When the request was sent upstream and when the response began. Set as a feature only on requests that are logged.</summary>
sealed class UpstreamTiming
{
    long _asked;
    long _answered;

    /// <summary>The time of the last attempt; null without a response.</summary>
    public TimeSpan? Elapsed(TimeProvider time) => _answered == 0 ? null : time.GetElapsedTime(_asked, _answered);

    internal sealed class RequestSent(TimeProvider time) : RequestTransform
    {
        public override ValueTask ApplyAsync(RequestTransformContext context)
        {
            if (context.HttpContext.Features.Get<UpstreamTiming>() is { } timing) (timing._asked, timing._answered) = (time.GetTimestamp(), 0);
            return default;
        }
    }

    internal sealed class ResponseStarted(TimeProvider time) : ResponseTransform
    {
        public override ValueTask ApplyAsync(ResponseTransformContext context)
        {
            if (context.ProxyResponse is not null && context.HttpContext.Features.Get<UpstreamTiming>() is { } timing) timing._answered = time.GetTimestamp();
            return default;
        }
    }
}
