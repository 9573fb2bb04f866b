using System.Diagnostics;
using System.Security.Authentication;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Proxying;
using ImGateway.Edge.WebSockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Serilog.Core;
using Serilog.Events;
using Serilog.Parsing;
using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Operations;

/// <summary>
/// One event a request, for a WebSocket at its end. Queries are not logged: they carry tokens. The event is put together by hand, because
/// capturing a dozen properties by reflection costs more than the rest of a small request's logging.
/// </summary>
sealed class AccessLog(RequestDelegate next, CurrentOptions options, Func<ClientAddress> addresses, Serilog.ILogger logger, TimeProvider time)
{
    public const string Source = "ImGateway.Edge.AccessLog";

    const int PathLength = 512;
    const int UserAgentLength = 200;

    static readonly MessageTemplate Template = new MessageTemplateParser().Parse("{Client:l} {Method:l} {Path:l} {Status} {DurationMs} ms {Protocol:l}");
    static readonly LogEventProperty SourceContext = new(Constants.SourceContextPropertyName, new ScalarValue(Source));
    static readonly LogEventProperty WebSocket = new("WebSocket", new ScalarValue(true));
    static readonly LogEventProperty Aborted = new("Aborted", new ScalarValue(true));

    readonly Serilog.ILogger _logger = logger.ForContext(Constants.SourceContextPropertyName, Source);

    public Task InvokeAsync(HttpContext context) =>
        options.Value.AccessLog && !context.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal) && _logger.IsEnabled(LogEventLevel.Information)
            ? LogAsync(context)
            : next(context);

    async Task LogAsync(HttpContext context)
    {
        var start = time.GetTimestamp();
        // Before the headers that it reads are rewritten for the upstream.
        var client = context.Features.Get<ListenerFeature>() is { } listener ? addresses().Of(context, listener).Client : "-";
        var completed = false;
        try
        {
            await next(context);
            completed = true;
        }
        finally
        {
            // Kestrel answers 500 only after the exception has passed here.
            var status = completed || context.Response.HasStarted ? context.Response.StatusCode : StatusCodes.Status500InternalServerError;
            Write(context, client, status, time.GetElapsedTime(start));
        }
    }

    void Write(HttpContext context, string client, int status, TimeSpan duration)
    {
        var request = context.Request;
        List<LogEventProperty> properties =
        [
            SourceContext,
            Property("Method", request.Method),
            Property("Host", request.Host.Value ?? ""),
            Property("Path", LoggedPath(context)),
            Property("Status", status),
            Property("DurationMs", Math.Round(duration.TotalMilliseconds, 3)),
            Property("Client", client),
            Property("Protocol", request.Protocol),
            Property("Route", context.GetEndpoint()?.Metadata.GetMetadata<RouteModel>()?.Config.RouteId ?? "other"),
            Property("RequestId", context.TraceIdentifier),
        ];
        if (TlsVersion(context) is { } tls) properties.Add(Property("Tls", tls));
        if (context.Response.ContentLength is { } bytes) properties.Add(Property("Bytes", bytes));
        if (request.Headers.UserAgent.ToString() is { Length: > 0 } agent) properties.Add(Property("UserAgent", Truncated(agent, UserAgentLength)));
        if (context.Features.Get<WebSocketSession>()?.Socket is { } socket)
        {
            properties.Add(WebSocket);
            properties.Add(Property("BytesIn", socket.BytesIn));
            properties.Add(Property("BytesOut", socket.BytesOut));
        }
        else if (context.RequestAborted.IsCancellationRequested)
        {
            properties.Add(Aborted);
        }

        // What the upstream was told, so that its log and this one can be joined.
        var trace = ActivityContext.TryParse(request.Headers.TraceParent, traceState: null, out var told) ? told : default;
        _logger.Write(new LogEvent(time.GetUtcNow(), LogEventLevel.Information, exception: null, Template, properties, trace.TraceId, trace.SpanId));
    }

    static LogEventProperty Property(string name, object value) => new(name, new ScalarValue(value));

    /// <summary>As the client sent it, so that a line can be found again; the query's presence only.</summary>
    static string LoggedPath(HttpContext context)
    {
        var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget;
        // An absolute form may carry credentials in its authority.
        if (target is not ['/', ..]) return Truncated(context.Request.Path.Value ?? "", PathLength);
        var query = target.IndexOf('?');
        return query < 0 ? Truncated(target, PathLength) : $"{Truncated(target[..query], PathLength)}?…";
    }

    static string Truncated(string text, int length) => text.Length <= length ? text : $"{text.AsSpan(0, length)}…";

    static string? TlsVersion(HttpContext context) => context.Features.Get<ITlsHandshakeFeature>()?.Protocol switch
    {
        null or SslProtocols.None => null,
        SslProtocols.Tls13 => "TLSv1.3",
        SslProtocols.Tls12 => "TLSv1.2",
        var other => other.ToString(),
    };
}
