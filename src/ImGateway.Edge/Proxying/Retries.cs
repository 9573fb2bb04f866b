using ImGateway.Edge.Configuration;
using ImGateway.Edge.Proxying.Checks;
using ImGateway.Edge.Proxying.Upstream;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// Retries requests that failed upstream: at another destination or, if none is left, when the gateway is back.
/// <list type="number">
/// <item>Only safe methods (RFC 9110 §9.2.1), without a body, and without a response so far; a WebSocket handshake is a GET.</item>
/// <item>If no connection was established, nothing was sent: always retried.</item>
/// <item>If the connection was lost before a response, the gateway may have processed the request. RFC 9110 §9.2.2 allows a proxy to retry
/// idempotent requests, and <c>HoldWhileDown</c> requires it: requests in flight when the gateway is killed must not fail. It is done
/// only then, and once, so that a request that crashes gateways does not crash all of them. (.NET itself resends a request, at most three times and to
/// the same destination, if the connection was closed before the first byte of a response, as an idle connection may be.)</item>
/// </list>
/// </summary>
sealed class Retries(CurrentOptions options, HoldQueue hold, UpstreamFailureHandler failures, ProxyMetrics metrics, TimeProvider time)
{
    const int MaxLost = 1;

    /// <summary>A delay before the retry: a killed process loses its connections before its listening socket, and would accept the retry only to lose it.</summary>
    static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(250);

    bool Holds => options.Value.HoldWhileDown > TimeSpan.Zero;

    public bool MayRetry(HttpContext context, IForwarderErrorFeature failure, bool isWebSocket)
    {
        if (context.Response.HasStarted || context.RequestAborted.IsCancellationRequested || !(isWebSocket || IsSafe(context))) return false;
        if (failure.Error is ForwarderError.NoAvailableDestinations) return Holds;
        return UpstreamFailureHandler.Classify(failure, clientDisconnected: false) switch
        {
            UpstreamError.Connect => true,
            UpstreamError.Reset => Holds && (context.Features.Get<FailedAttempts>()?.LostConnections ?? 0) < MaxLost,
            _ => false,
        };
    }

    /// <summary>Retries a request for which <see cref="MayRetry"/> is true until it has a response; returns the failure that the edge has to answer, if any.</summary>
    public async Task<IForwarderErrorFeature?> RetryAsync(
        HttpContext context, YarpRoutes yarp, ProxyRoute route, ReadOnlyMemory<char> path, IForwarderErrorFeature failure, bool isWebSocket)
    {
        var attempts = new FailedAttempts();
        context.Features.Set(attempts);
        HeldRequest? held = null;
        var mayGoElsewhere = true;
        while (true)
        {
            // 1. Another healthy destination.
            var proxied = context.GetReverseProxyFeature();
            var cluster = proxied.Route.Cluster!;
            attempts.Add(proxied.ProxiedDestination);
            var isLost = UpstreamFailureHandler.Classify(failure, clientDisconnected: false) is UpstreamError.Reset;
            if (isLost) attempts.LostConnections++;
            if (!mayGoElsewhere || !attempts.HasUntried(cluster.DestinationsState.AvailableDestinations))
            {
                // 2. If none is left, wait until the gateway is back.
                if (!Holds) return failure;
                held ??= new HeldRequest(cluster, time.GetTimestamp() + (long)(options.Value.HoldWhileDown.TotalSeconds * time.TimestampFrequency));
                if (isLost) await Task.Delay(RetryDelay, time, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (await hold.WaitAsync(held, context.RequestAborted) is not HoldResult.Available and var end) return await GiveUpAsync(context, end, failure);
                attempts.Clear();
            }

            // 3. Forward again.
            Clean(context);
            await yarp.ForwardAsync(context, route, path.Span);
            var next = context.Features.Get<IForwarderErrorFeature>();
            failures.Record(context, route, next);
            // A session affinity policy that forbids another destination has answered 503.
            mayGoElsewhere = next is not null || context.GetReverseProxyFeature().ProxiedDestination is not null;
            if (next is null && mayGoElsewhere) return null;
            failure = next ?? failure;
            if (!MayRetry(context, failure, isWebSocket)) return failure;
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
        // Clear the status, and an affinity cookie for the destination that failed.
        context.Response.Clear();
        context.Features.Set<IForwarderErrorFeature>(null);
        // YARP records here that the request has an affinity, and would not send the client a cookie for the new destination.
        context.Items.Clear();
    }

    async Task<IForwarderErrorFeature?> GiveUpAsync(HttpContext context, HoldResult end, IForwarderErrorFeature failure)
    {
        context.Response.Clear();
        switch (end)
        {
            case HoldResult.ClientDisconnected:
                context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
                return null;
            case HoldResult.Full:
                metrics.OnRefused(Refusal.TooManyHeld);
                await Refusal.TooManyHeld.WriteAsync(context);
                return null;
            default:
                // 503 instead of 502: it is not a single failure.
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                context.Response.Headers.RetryAfter = Refusal.TooManyHeld.RetryAfter;
                return failure;
        }
    }
}
