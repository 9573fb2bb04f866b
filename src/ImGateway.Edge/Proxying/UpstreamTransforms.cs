using ImGateway.Edge.Configuration;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace ImGateway.Edge.Proxying;

/// <summary>The address of a request at the upstream, kept on the connection: clients poll.</summary>
sealed record UpstreamUri(string Prefix, string Target, Uri Uri);

/// <summary>What every route does on top of its own transforms: the target byte for byte, the host unchanged, the forwarded headers as edited.</summary>
sealed class UpstreamTransforms(CurrentOptions options, OpenEventStreams events, TimeProvider time) : ITransformProvider
{
    public void ValidateRoute(TransformRouteValidationContext context)
    {
    }

    public void ValidateCluster(TransformClusterValidationContext context)
    {
    }

    public void Apply(TransformBuilderContext context)
    {
        context.UseDefaultForwarders = false;
        if (!context.RequestTransforms.Any(transform => transform is RequestHeaderOriginalHostTransform)) context.AddOriginalHost(true);
        if (!context.RequestTransforms.Any(Rewrites)) context.RequestTransforms.Add(new TargetAsSent());
        context.RequestTransforms.Add(new SentOnce());
        context.RequestTransforms.Add(new UpstreamTiming.Asked(time));
        context.ResponseTransforms.Add(new UpstreamTiming.Answered(time));
        context.ResponseTransforms.Add(new Nominated.OfResponse());
        context.ResponseTransforms.Add(new SwitchingProtocols());
        context.ResponseTransforms.Add(new AnswerCheck());
        context.ResponseTransforms.Add(new ContentlessResponse());
        context.ResponseTransforms.Add(new EventStreams(options, events, time));
        context.ResponseTrailersTransforms.Add(new Nominated.OfTrailers());
    }

    /// <summary>Whoever configures another path or query wants that one.</summary>
    static bool Rewrites(RequestTransform transform) =>
        transform is PathStringTransform or PathRouteValuesTransform or QueryParameterTransform or QueryParameterRemoveTransform;

    sealed class TargetAsSent : RequestTransform
    {
        static readonly UriCreationOptions AsSent = new() { DangerousDisablePathAndQueryCanonicalization = true };

        public override ValueTask ApplyAsync(RequestTransformContext context)
        {
            var features = context.HttpContext.Features;
            var target = TargetCheck.OriginForm(features.Get<IHttpRequestFeature>()!.RawTarget)!;
            var listener = features.Get<ListenerFeature>();
            var known = listener?.Target;
            if (known is null || known.Target != target || known.Prefix != context.DestinationPrefix)
            {
                known = new UpstreamUri(context.DestinationPrefix, target, AddressOf(context.DestinationPrefix, target));
                // A socket that lives for hours needs no memory of how it began.
                if (listener is not null && features.Get<WebSocketSession>() is null) listener.Target = known;
            }

            context.ProxyRequest.RequestUri = known.Uri;
            return default;
        }

        static Uri AddressOf(string prefix, string target) => new(string.Concat(prefix.AsSpan().TrimEnd('/'), target), AsSent);
    }

    /// <summary>
    /// .NET repeats a request without content when its connection ends before an answer, whatever its method. RFC 9110 §9.2.2 forbids a
    /// proxy to do so where the method is not idempotent. What has content, be it empty, it sends once.
    /// </summary>
    sealed class SentOnce : RequestTransform
    {
        public override ValueTask ApplyAsync(RequestTransformContext context)
        {
            if (context.ProxyRequest.Content is null && !IsIdempotent(context.ProxyRequest.Method)) AddHeader(context, "Content-Length", "0");
            return default;
        }

        static bool IsIdempotent(HttpMethod method) =>
            method == HttpMethod.Get || method == HttpMethod.Head || method == HttpMethod.Options || method == HttpMethod.Put || method == HttpMethod.Delete;
    }
}
