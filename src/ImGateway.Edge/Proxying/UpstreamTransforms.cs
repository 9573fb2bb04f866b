using System.Net;
using ImGateway.Edge.WebSockets;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace ImGateway.Edge.Proxying;

/// <summary>The address of a request at the upstream, kept on the connection: clients poll.</summary>
sealed record UpstreamUri(string Prefix, string Target, Uri Uri);

/// <summary>What every route does on top of its own transforms: the target byte for byte, the host unchanged, the forwarded headers as edited.</summary>
sealed class UpstreamTransforms : ITransformProvider
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
        context.ResponseTransforms.Add(new SwitchedProtocols());
        context.ResponseTransforms.Add(new AnswerCheck());
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
    /// 101 answers a WebSocket's upgrade and nothing else: anything more would be a raw tunnel to the upstream. The other way round, a
    /// 2xx that is no upgrade would open a WebSocket over HTTP/2 that is none (RFC 8441 §5).
    /// </summary>
    sealed class SwitchedProtocols : ResponseTransform
    {
        public override ValueTask ApplyAsync(ResponseTransformContext context)
        {
            if (context.ProxyResponse is not { } response) return default;
            var session = context.HttpContext.Features.Get<WebSocketSession>();
            if (response.StatusCode == HttpStatusCode.SwitchingProtocols)
            {
                if (session is null || !IsWebSocket(response)) throw new HttpRequestException(HttpRequestError.InvalidResponse, "the upstream switched protocols unasked");
            }
            else if (session is { IsExtendedConnect: true } && response.IsSuccessStatusCode)
            {
                throw new HttpRequestException(HttpRequestError.InvalidResponse, "the upstream answered an upgrade with success");
            }

            return default;
        }

        static bool IsWebSocket(HttpResponseMessage response) =>
            response.Headers.NonValidated.TryGetValues("Upgrade", out var values)
            && values.Count == 1
            && string.Equals(values.ToString(), "websocket", StringComparison.OrdinalIgnoreCase);
    }
}
