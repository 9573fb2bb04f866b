using Yarp.ReverseProxy.Transforms;

namespace ImGateway.Edge.Proxying;

/// <summary>When the upstream was asked and when its answer began: a feature of requests whose log line is to say so, and of no other.</summary>
sealed class UpstreamTiming
{
    long _asked;
    long _answered;

    /// <summary>Of the last attempt; null where nothing was answered.</summary>
    public TimeSpan? Elapsed(TimeProvider time) => _answered == 0 ? null : time.GetElapsedTime(_asked, _answered);

    internal sealed class Asked(TimeProvider time) : RequestTransform
    {
        public override ValueTask ApplyAsync(RequestTransformContext context)
        {
            if (context.HttpContext.Features.Get<UpstreamTiming>() is { } timing) (timing._asked, timing._answered) = (time.GetTimestamp(), 0);
            return default;
        }
    }

    internal sealed class Answered(TimeProvider time) : ResponseTransform
    {
        public override ValueTask ApplyAsync(ResponseTransformContext context)
        {
            if (context.ProxyResponse is not null && context.HttpContext.Features.Get<UpstreamTiming>() is { } timing) timing._answered = time.GetTimestamp();
            return default;
        }
    }
}
