using ImGateway.Edge.Configuration;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// Requests that the upstream did not take are repeated: at another destination and, where none is left, when the gateway is back.
/// <list type="number">
/// <item>Only what is safe (RFC 9110 §9.2.1), without a body that could be spent, and unanswered; a WebSocket's handshake is a GET.</item>
/// <item>Where no connection came about, nothing was sent: repeated always.</item>
/// <item>Where a connection was lost before an answer, the gateway may have acted on the request. RFC 9110 §9.2.2 allows a proxy to repeat what is
/// idempotent, and who asks for <c>HoldWhileDown</c> asks for just that: what was in flight when the gateway was killed shall not fail. It is done
/// then only, and once, so that a request that kills gateways does not kill them all. (.NET by itself sends a request again, thrice at most and to
/// the same destination, where the connection ended in order before the first byte of an answer: it takes it for one that was idle too long.)</item>
/// </list>
/// </summary>
sealed class Retries(CurrentOptions options, HoldQueue hold, UpstreamErrors errors, UpstreamResults results, ProxyMetrics metrics, TimeProvider time)
{
    const int MostLost = 1;

    /// <summary>A process that is killed loses its connections before its listening socket: what it still takes in meanwhile would be lost as well.</summary>
    static readonly TimeSpan Dying = TimeSpan.FromMilliseconds(250);

    bool Holds => options.Value.HoldWhileDown > TimeSpan.Zero;

    public bool MayRepeat(HttpContext context, IForwarderErrorFeature failure, bool isWebSocket)
    {
        if (context.Response.HasStarted || context.RequestAborted.IsCancellationRequested || !(isWebSocket || IsSafe(context))) return false;
        if (failure.Error is ForwarderError.NoAvailableDestinations) return Holds;
        return UpstreamErrors.Classify(failure, clientIsGone: false) switch
        {
            UpstreamError.Connect => true,
            UpstreamError.Reset => Holds && (context.Features.Get<Attempts>()?.Lost ?? 0) < MostLost,
            _ => false,
        };
    }

    /// <summary>Repeats a request for which <see cref="MayRepeat"/> is true until it is answered; returns what there is to answer by the edge.</summary>
    public async Task<IForwarderErrorFeature?> RepeatAsync(
        HttpContext context, YarpRoutes yarp, ProxyRoute route, ReadOnlyMemory<char> path, IForwarderErrorFeature failure, bool isWebSocket)
    {
        var attempts = new Attempts();
        context.Features.Set(attempts);
        HeldRequest? held = null;
        var mayGoElsewhere = true;
        while (true)
        {
            // 1. Another destination of those that are healthy.
            var proxied = context.GetReverseProxyFeature();
            var cluster = proxied.Route.Cluster!;
            attempts.Add(proxied.ProxiedDestination);
            var isLost = UpstreamErrors.Classify(failure, clientIsGone: false) is UpstreamError.Reset;
            if (isLost) attempts.Lost++;
            if (!mayGoElsewhere || !attempts.LeaveAny(cluster.DestinationsState.AvailableDestinations))
            {
                // 2. None is left: until the gateway is back.
                if (!Holds) return failure;
                held ??= new HeldRequest(cluster, time.GetTimestamp() + (long)(options.Value.HoldWhileDown.TotalSeconds * time.TimestampFrequency));
                if (isLost) await Task.Delay(Dying, time, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (await hold.WaitAsync(held, context.RequestAborted) is not HoldEnd.Back and var end) return await GiveUpAsync(context, end, failure);
                attempts.Forget();
            }

            // 3. Once more, as if for the first time.
            Clean(context);
            await yarp.ForwardAsync(context, route, path.Span);
            var next = context.Features.Get<IForwarderErrorFeature>();
            results.Note(context, next);
            // An affinity whose policy is not to go elsewhere answers 503 by itself.
            mayGoElsewhere = next is not null || context.GetReverseProxyFeature().ProxiedDestination is not null;
            if (next is null && mayGoElsewhere) return null;
            if (next is not null) errors.Note(context, route, next);
            failure = next ?? failure;
            if (!MayRepeat(context, failure, isWebSocket)) return failure;
        }
    }

    static bool IsSafe(HttpContext context)
    {
        var method = context.Request.Method;
        return (HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method))
            && context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false };
    }

    static void Clean(HttpContext context)
    {
        // A status, and a cookie that would bind the client to the destination that failed.
        context.Response.Clear();
        context.Features.Set<IForwarderErrorFeature>(null);
        // YARP keeps there that a request is bound, and would not tell the client of the destination it is bound to from now on.
        context.Items.Clear();
    }

    async Task<IForwarderErrorFeature?> GiveUpAsync(HttpContext context, HoldEnd end, IForwarderErrorFeature failure)
    {
        context.Response.Clear();
        switch (end)
        {
            case HoldEnd.Left:
                context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
                return null;
            case HoldEnd.Full:
                metrics.OnRefused(Refusal.TooManyHeld);
                await Refusal.TooManyHeld.WriteAsync(context);
                return null;
            default:
                // Not 502: the edge knows now that it is no single failure.
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                context.Response.Headers.RetryAfter = Refusal.TooManyHeld.RetryAfter;
                return failure;
        }
    }
}
