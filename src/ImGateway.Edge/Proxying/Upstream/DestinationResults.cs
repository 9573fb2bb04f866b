using System.Runtime.CompilerServices;
using ImGateway.Edge.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Proxying.Upstream;

/// <summary>Tracks the state of destinations from the results of requests, also without configured health checks. Logs each change.</summary>
sealed partial class DestinationResults(TimeProvider time, ILogger<DestinationResults> logger)
{
    const int LongestError = 200;

    readonly ConditionalWeakTable<DestinationState, ResultWindow> _recent = [];

    /// <summary>Null before the first request.</summary>
    public RecentRequests? Of(DestinationState destination) => _recent.TryGetValue(destination, out var recent) ? recent.Read() : null;

    /// <summary>Notes an attempt when the forwarder has returned, a WebSocket at its 101.</summary>
    /// <param name="failure">Null if the destination responded.</param>
    public void Record(HttpContext context, IForwarderErrorFeature? failure)
    {
        if (LocalResourceExhaustion.IsCauseOf(failure?.Exception)) return;
        var status = context.Response.StatusCode;
        if (failure is null) Add(context, status < StatusCodes.Status500InternalServerError ? null : $"status {status}");
        else if (UpstreamFailureHandler.Classify(failure, context.RequestAborted.IsCancellationRequested) is { } error) Add(context, ErrorOf(error, failure.Exception));
    }

    void Add(HttpContext context, string? error)
    {
        // There is none if no destination was available.
        if (context.Features.Get<IReverseProxyFeature>()?.ProxiedDestination is not { } destination) return;
        if (_recent.GetOrAdd(destination, static (_, time) => new ResultWindow(time), time).Add(error) is not { } changed) return;
        if (changed.IsFailing) LogFailing(destination.Model.Config.Address, changed.Failed, changed.Attempts, changed.LastError!);
        else LogAnswering(destination.Model.Config.Address);
    }

    static string ErrorOf(UpstreamError error, Exception? exception) => SingleLine.EscapeAtMost(exception?.GetBaseException().Message ?? ProxyMetrics.LabelOf(error), LongestError);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Upstream {Address} fails: {Failed} of {Attempts} requests in the last minute, the last one with: {Reason}")]
    partial void LogFailing(string address, int failed, int attempts, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Upstream {Address} answers again")]
    partial void LogAnswering(string address);
}
