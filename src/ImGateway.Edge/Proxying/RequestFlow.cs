using ImGateway.Edge.Challenges;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Proxying.Checks;
using ImGateway.Edge.Proxying.Upstream;
using ImGateway.Edge.WebSockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace ImGateway.Edge.Proxying;

/// <summary>The flow of a request over TLS, as numbered steps.</summary>
sealed partial class RequestFlow(
    RequestRateLimiter limiter,
    WebSocketLeases leases,
    DestinationWebSockets destinationSockets,
    Retries retries,
    HttpChallenges challenges,
    UpstreamFailureHandler failures,
    ProxyMetrics metrics,
    TimeProvider time,
    ILogger<RequestFlow> logger)
{
    /// <summary>A stream that is reset later than this does not count as a rapid reset.</summary>
    static readonly TimeSpan RapidResetLimit = TimeSpan.FromSeconds(1);

    static readonly byte[] ServerError = "The edge failed\n"u8.ToArray();

    /// <param name="configuration">The objects of one configuration, kept to the end of the request.</param>
    public async Task InvokeAsync(HttpContext context, ConnectionFactsFeature listener, RequestConfiguration configuration)
    {
        var started = time.GetTimestamp();
        var label = RouteLabel.Other;
        WebSocketUpgrade? upgrade = null;
        try
        {
            // 1. Security headers on every response.
            configuration.Headers.AddTo(context.Response, overTls: true);

            // http-01 requests that a proxy has redirected from port 80 may name any host (RFC 8555 §8.3): answered before the host check and all limits.
            if (HttpChallengeEndpoint.IsChallengeRequest(context, challenges, out var keyAuthorization) && keyAuthorization is not null)
            {
                await HttpChallengeEndpoint.WriteAsync(context, keyAuthorization);
                return;
            }

            // 2. Checks of framing, method, target, host, route and upgrade.
            var refusal = Check(context, listener, configuration, out var route, out var target, out var isWebSocket);
            label = route?.Label ?? RouteLabel.Other;
            if (refusal is null && isWebSocket) upgrade = BeginUpgrade(context, label, out refusal);

            // 3. Headers for the upstream; malformed ones are refused.
            refusal ??= configuration.Upstream.Prepare(context, listener);
            if (refusal is not null)
            {
                metrics.OnRefused(refusal);
                await refusal.WriteAsync(context);
                return;
            }

            // 4. Forward.
            await configuration.Yarp.ForwardAsync(context, route!, target.Span);

            // 5. A failed attempt is retried at another destination, or waits until the gateway is back.
            var failure = context.Features.Get<IForwarderErrorFeature>();
            failures.Record(context, route!, failure);
            if (failure is not null && retries.MayRetry(context, failure, isWebSocket)) failure = await retries.RetryAsync(context, configuration.Yarp, route!, target, failure, isWebSocket);

            // 6. The error response, if it failed.
            if (failure is not null) await UpstreamFailureHandler.WriteResponseAsync(context, failure);

            // 7. A granted WebSocket is relayed to its end: over HTTP/2 here, over HTTP/1.1 by its connection.
            if (failure is null && upgrade is { Lease.IsGranted: true } && await upgrade.TryAcceptAsync())
            {
                metrics.OnUpgraded(label, context.Response.StatusCode);
                await upgrade.RelayAsync();
            }
        }
        catch (Exception e) when (!context.Response.HasStarted && e is not OperationCanceledException)
        {
            LogFailed(e);
            context.Response.Clear();
            await PlainTextResponse.WriteAsync(context, StatusCodes.Status500InternalServerError, ServerError);
        }
        finally
        {
            upgrade?.Dispose();
            EndIfFlooded(context, listener, started);
            if (upgrade is not { IsUpgraded: true }) metrics.OnAnswered(label, context.Response.StatusCode, time.GetElapsedTime(started));
        }
    }

    /// <param name="target">The path of the request's target.</param>
    Refusal? Check(HttpContext context, ConnectionFactsFeature listener, RequestConfiguration configuration, out ProxyRoute? route, out ReadOnlyMemory<char> target, out bool isWebSocket)
    {
        (route, target, isWebSocket) = (null, default, false);
        var limits = configuration.Options.Limits;
        if (listener.IsForChallenges) return Refusal.UnknownHost;
        // First, so that a client over its rate costs as little as possible.
        if (limits.RequestsPerSecondPerAddress is > 0 and var perSecond && !limiter.TryAcquire(configuration.Addresses.AddressOf(context, listener), perSecond)) return Refusal.TooManyRequests;
        if (MessageCheck.Framing(context.Request) is { } malformed) return malformed;
        if (context.Request.ContentLength > limits.RequestBodyBytes) return Refusal.BodyTooLarge;
        if (HttpMethods.IsTrace(context.Request.Method)) return Refusal.Method;
        if (HttpMethods.IsConnect(context.Request.Method) && context.Features.Get<IHttpExtendedConnectFeature>() is not { IsExtendedConnect: true }) return Refusal.Method;
        var raw = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        if (raw.Length > limits.UrlBytes) return Refusal.TargetTooLong;
        if (TargetCheck.OriginForm(raw) is not { } origin || !TargetCheck.IsUnambiguous(origin)) return Refusal.BadTarget;
        if (!configuration.Hosts.IsServed(context, listener)) return Refusal.UnknownHost;
        target = origin.AsMemory(0, TargetCheck.PathOf(origin).Length);
        route = configuration.Routes.Match(target.Span);
        if (route is null) return Refusal.NoRoute;
        return configuration.Upgrades.Check(context, target.Span, out isWebSocket);
    }

    WebSocketUpgrade? BeginUpgrade(HttpContext context, RouteLabel label, out Refusal? refusal)
    {
        var lease = leases.TryTake(context.Features.Get<ClientConnection>()?.Lease, ProxyMetrics.LabelOf(label));
        refusal = lease is null ? Refusal.WebSockets : null;
        return lease is null ? null : new WebSocketUpgrade(context, lease, destinationSockets);
    }

    /// <summary>
    /// Kestrel limits the number of open streams, but not how often a stream is opened and reset at once (rapid reset, CVE-2023-44487), whether by
    /// the client or by the server in response to the client (CVE-2025-8671). Each costs the upstream a request.
    /// </summary>
    void EndIfFlooded(HttpContext context, ConnectionFactsFeature listener, long started)
    {
        if (!HttpProtocol.IsHttp2(context.Request.Protocol)) return;
        var isRapidReset = context.RequestAborted.IsCancellationRequested && time.GetElapsedTime(started) < RapidResetLimit;
        if (!listener.ExceedsRapidResets(isRapidReset)) return;
        metrics.OnRefused(Refusal.StreamResets);
        context.Features.Get<IConnectionLifetimeFeature>()?.Abort();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A request failed inside the edge")]
    partial void LogFailed(Exception exception);
}
