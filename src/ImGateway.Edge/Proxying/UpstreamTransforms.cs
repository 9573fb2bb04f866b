using ImGateway.Edge.Configuration;
using ImGateway.Edge.Proxying.Checks;
using ImGateway.Edge.Proxying.Upstream;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace ImGateway.Edge.Proxying;

/// <summary>The transforms of every route, beside its own: raw target unchanged, host unchanged, forwarded headers as prepared.</summary>
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
        context.RequestTransforms.Add(new UpstreamTiming.RequestSent(time));
        context.ResponseTransforms.Add(new UpstreamTiming.ResponseStarted(time));
        context.ResponseTransforms.Add(new HopByHopHeaders.ResponseHeaders());
        // Before an upgrade is granted: a 101 that is rejected afterwards would count as a success of the destination.
        context.ResponseTransforms.Add(new ResponseFramingTransform());
        context.ResponseTransforms.Add(new SwitchingProtocolsTransform());
        context.ResponseTransforms.Add(new ContentlessResponseTransform());
        context.ResponseTransforms.Add(new EventStreamTransform(options, events, time));
        context.ResponseTrailersTransforms.Add(new HopByHopHeaders.ResponseTrailers());
    }

    /// <summary>Whether the route configures another path or query, which then applies.</summary>
    static bool Rewrites(RequestTransform transform) =>
        transform is PathStringTransform or PathRouteValuesTransform or QueryParameterTransform or QueryParameterRemoveTransform;

    sealed class TargetAsSent : RequestTransform
    {
        static readonly UriCreationOptions AsSent = new() { DangerousDisablePathAndQueryCanonicalization = true };

        public override ValueTask ApplyAsync(RequestTransformContext context)
        {
            var features = context.HttpContext.Features;
            var target = TargetCheck.OriginForm(features.Get<IHttpRequestFeature>()!.RawTarget)!;
            var listener = features.Get<ConnectionFactsFeature>();
            var known = listener?.Target;
            if (known is null || known.Target != target || known.Prefix != context.DestinationPrefix)
            {
                known = new UpstreamUri(context.DestinationPrefix, target, AddressOf(context.DestinationPrefix, target));
                // Not cached for a WebSocket: the connection would keep the target of the handshake as long as the socket is open.
                if (listener is not null && features.Get<WebSocketUpgrade>() is null) listener.Target = known;
            }

            context.ProxyRequest.RequestUri = known.Uri;
            return default;
        }

        static Uri AddressOf(string prefix, string target) => new(string.Concat(prefix.AsSpan().TrimEnd('/'), target), AsSent);
    }

    /// <summary>
    /// .NET resends a request without content when the connection ends before a response, whatever the method. RFC 9110 §9.2.2 forbids a
    /// proxy to do so for methods that are not idempotent. A request with content, even empty content, is sent once.
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
