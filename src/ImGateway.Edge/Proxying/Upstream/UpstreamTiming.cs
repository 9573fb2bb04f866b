using Yarp.ReverseProxy.Transforms;

namespace ImGateway.Edge.Proxying.Upstream;

/// <summary>When the request was sent upstream and when the response began. Set as a feature only on requests that are logged.</summary>
sealed class UpstreamTiming
{
    long _sent;
    long _responded;

    /// <summary>The time of the last attempt; null without a response.</summary>
    public TimeSpan? Elapsed(TimeProvider time) => _responded == 0 ? null : time.GetElapsedTime(_sent, _responded);

    internal sealed class RequestSent(TimeProvider time) : RequestTransform
    {
        public override ValueTask ApplyAsync(RequestTransformContext context)
        {
            if (context.HttpContext.Features.Get<UpstreamTiming>() is { } timing) (timing._sent, timing._responded) = (time.GetTimestamp(), 0);
            return default;
        }
    }

    internal sealed class ResponseStarted(TimeProvider time) : ResponseTransform
    {
        public override ValueTask ApplyAsync(ResponseTransformContext context)
        {
            if (context.ProxyResponse is not null && context.HttpContext.Features.Get<UpstreamTiming>() is { } timing) timing._responded = time.GetTimestamp();
            return default;
        }
    }
}
