using ImGateway.Edge.Configuration;
using ImGateway.Edge.WebSockets;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace ImGateway.Edge.Proxying;

/// <summary>A request over TLS, top to bottom.</summary>
sealed partial class RequestFlow(
    EdgeOptions options,
    SecurityHeaders headers,
    HostCheck hosts,
    RouteTable routes,
    UpgradeCheck upgrades,
    ClientAddress addresses,
    RequestRates rates,
    UpstreamRequest upstream,
    WebSocketRegistry webSockets,
    Retries retries,
    WebSocketLimit socketLimit,
    UpstreamErrors errors,
    ProxyMetrics metrics,
    TimeProvider time,
    ILogger<RequestFlow> logger)
{
    static readonly byte[] ServerError = "The edge failed\n"u8.ToArray();

    // Made once a route: what a WebSocket reports when it is one.
    readonly Action<int>[] _onUpgraded = [.. Enum.GetValues<RouteLabel>().Select(label => (Action<int>)(code => metrics.OnUpgraded(label, code)))];

    public async Task InvokeAsync(HttpContext context, ListenerFeature listener, YarpRoutes yarp)
    {
        var started = time.GetTimestamp();
        var label = RouteLabel.Other;
        WebSocketSession? session = null;
        var holdsPlace = false;
        try
        {
            // 1. Security headers, whoever answers.
            headers.AddTo(context.Response, overTls: true);

            // 2. Method, target, host, route and upgrade: what is not plainly meant for the upstream ends here.
            var refusal = Admit(context, listener, out var route, out var path, out var isWebSocket);
            if (refusal is null && isWebSocket && !(holdsPlace = socketLimit.TryEnter())) refusal = Refusal.WebSockets;
            label = route?.Label ?? RouteLabel.Other;
            if (refusal is not null)
            {
                metrics.OnRefused(refusal);
                await refusal.WriteAsync(context);
                return;
            }

            // 3. What the upstream sees.
            upstream.Prepare(context, listener);

            // 4. Forward; a WebSocket is relayed from its upgrade to its end.
            if (isWebSocket) session = webSockets.Follow(context, ProxyMetrics.LabelOf(label), _onUpgraded[(int)label]);
            await yarp.ForwardAsync(context, route!, path.Span);

            // 5. What the upstream did not take goes elsewhere, or waits until it is back.
            var failure = context.Features.Get<IForwarderErrorFeature>();
            if (failure is not null) errors.Note(context, route!, failure);
            if (failure is not null && retries.MayRepeat(context, failure, isWebSocket)) failure = await retries.RepeatAsync(context, yarp, route!, path, failure, isWebSocket);

            // 6. What it failed to answer.
            if (failure is not null) await UpstreamErrors.AnswerAsync(context, failure);
        }
        catch (Exception e) when (!context.Response.HasStarted && e is not OperationCanceledException)
        {
            LogFailed(e);
            context.Response.Clear();
            await ShortAnswer.WriteAsync(context, StatusCodes.Status500InternalServerError, ServerError);
        }
        finally
        {
            session?.Dispose();
            if (holdsPlace) socketLimit.Leave();
            if (session is not { IsUpgraded: true }) metrics.OnAnswered(label, context.Response.StatusCode, time.GetElapsedTime(started));
        }
    }

    Refusal? Admit(HttpContext context, ListenerFeature listener, out ProxyRoute? route, out ReadOnlyMemory<char> path, out bool isWebSocket)
    {
        (route, path, isWebSocket) = (null, default, false);
        // First: who asks too often shall cost as little as can be.
        if (options.Limits.RequestsPerSecondPerAddress is > 0 and var perSecond && !rates.Admit(addresses.AddressOf(context, listener), perSecond)) return Refusal.TooManyRequests;
        if (HttpMethods.IsTrace(context.Request.Method)) return Refusal.Method;
        if (HttpMethods.IsConnect(context.Request.Method) && context.Features.Get<IHttpExtendedConnectFeature>() is not { IsExtendedConnect: true }) return Refusal.Method;
        var raw = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        if (raw.Length > options.Limits.UrlBytes) return Refusal.TargetTooLong;
        if (TargetCheck.OriginForm(raw) is not { } target || !TargetCheck.IsUnambiguous(target)) return Refusal.BadTarget;
        if (!hosts.IsServed(context, listener)) return Refusal.UnknownHost;
        path = target.AsMemory(0, TargetCheck.PathOf(target).Length);
        route = routes.Match(path.Span);
        if (route is null) return Refusal.NoRoute;
        return upgrades.Check(context, path.Span, out isWebSocket);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A request failed inside the edge")]
    partial void LogFailed(Exception exception);
}
