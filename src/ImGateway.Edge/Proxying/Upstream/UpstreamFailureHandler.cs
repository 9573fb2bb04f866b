using System.Collections.Concurrent;
using System.Net.Sockets;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.Proxying.Checks;
using Yarp.ReverseProxy.Forwarder;

namespace ImGateway.Edge.Proxying.Upstream;

/// <summary>Handles requests that failed upstream: a short error response without details, a metric label, and log lines at intervals.</summary>
sealed partial class UpstreamFailureHandler(DestinationResults results, ProxyMetrics metrics, TimeProvider time, ILogger<UpstreamFailureHandler> logger)
{
    static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);
    static readonly byte[] BadGateway = "The gateway failed\n"u8.ToArray();
    static readonly byte[] Unavailable = "The gateway is unavailable\n"u8.ToArray();
    static readonly byte[] TimedOut = "The gateway timed out\n"u8.ToArray();
    static readonly byte[] ClientFault = "Bad request body\n"u8.ToArray();

    readonly ConcurrentDictionary<(string Route, UpstreamError Error), LogThrottle> _throttles = new();

    /// <summary>Notes the result of an attempt for its destination; a failure is also counted and logged.</summary>
    /// <param name="failure">Null if the destination responded.</param>
    public void Record(HttpContext context, ProxyRoute route, IForwarderErrorFeature? failure)
    {
        results.Record(context, failure);
        if (failure is null || Classify(failure, clientDisconnected: context.RequestAborted.IsCancellationRequested) is not { } error) return;
        metrics.OnUpstreamError(route.Label, error);
        Log(route, error, failure.Exception);
    }

    /// <summary>Writes the error response.</summary>
    public static Task WriteResponseAsync(HttpContext context, IForwarderErrorFeature failure)
    {
        var response = context.Response;
        if (response.HasStarted || response.StatusCode is >= 200 and < 400) return Task.CompletedTask;
        if (failure.Error is ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled)
        {
            if (context.RequestAborted.IsCancellationRequested)
            {
                // 499, as in nginx: the client has disconnected, so the code is only for metrics and logs.
                response.StatusCode = StatusCodes.Status499ClientClosedRequest;
                return Task.CompletedTask;
            }

            // A route's own time-out appears to the forwarder like a client that has disconnected.
            response.StatusCode = StatusCodes.Status504GatewayTimeout;
        }

        // After a response that was not HTTP, the connection state is unknown (RFC 9112 §9.6).
        if (failure.Error is ForwarderError.ResponseHeaders && HttpProtocol.IsHttp11(context.Request.Protocol)) response.Headers.Connection = "close";
        return PlainTextResponse.WriteAsync(context, response.StatusCode, BodyOf(response.StatusCode));
    }

    /// <summary>The label; null if the client caused the failure.</summary>
    public static UpstreamError? Classify(IForwarderErrorFeature failure, bool clientDisconnected) => failure.Error switch
    {
        ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled => clientDisconnected ? null : UpstreamError.Timeout,
        ForwarderError.NoAvailableDestinations => UpstreamError.Connect,
        // .NET adds an inner TimeoutException if connecting timed out.
        ForwarderError.RequestTimedOut => failure.Exception is OperationCanceledException { InnerException: TimeoutException } ? UpstreamError.Connect : UpstreamError.Timeout,
        ForwarderError.ResponseHeaders => UpstreamError.Protocol,
        ForwarderError.Request => OfRequest(failure.Exception),
        ForwarderError.RequestBodyDestination or ForwarderError.ResponseBodyDestination => UpstreamError.Reset,
        _ => null,
    };

    static byte[] BodyOf(int status) => status switch
    {
        StatusCodes.Status503ServiceUnavailable => Unavailable,
        StatusCodes.Status504GatewayTimeout => TimedOut,
        < 500 => ClientFault,
        _ => BadGateway,
    };

    static UpstreamError OfRequest(Exception? exception) => exception switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError } =>
            UpstreamError.Connect,
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded or HttpRequestError.HttpProtocolError } =>
            UpstreamError.Protocol,
        HttpRequestException { InnerException: SocketException } => UpstreamError.Connect,
        _ => UpstreamError.Reset,
    };

    void Log(ProxyRoute route, UpstreamError error, Exception? exception)
    {
        var throttle = _throttles.GetOrAdd((route.Id, error), static (_, time) => new LogThrottle(time, LogInterval), time);
        if (throttle.IsDue(out var before))
        {
            LogFailed(route.Id, ProxyMetrics.LabelOf(error), exception?.GetBaseException().Message ?? "no destination is available", before);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Upstream failed on route {Route} ({Error}): {Reason}; {Before} more since the last such line")]
    partial void LogFailed(string route, string error, string reason, int before);
}
