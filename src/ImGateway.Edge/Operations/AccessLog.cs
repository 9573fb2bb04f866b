using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Security;
using System.Security.Authentication;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Proxying;
using ImGateway.Edge.Tls;
using ImGateway.Edge.WebSockets;
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
    static readonly LogEventProperty Tls13 = new("Tls", new ScalarValue("TLSv1.3"));
    static readonly LogEventProperty Tls12 = new("Tls", new ScalarValue("TLSv1.2"));
    static readonly LogEventProperty Resumed = new("Resumed", new ScalarValue(true));
    static readonly LogEventProperty Full = new("Resumed", new ScalarValue(false));

    // As many as the policy allows.
    static readonly ConcurrentDictionary<TlsCipherSuite, LogEventProperty> Ciphers = new();

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
        var timing = new UpstreamTiming();
        context.Features.Set(timing);
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
            Write(context, client, status, time.GetElapsedTime(start), timing);
        }
    }

    void Write(HttpContext context, string client, int status, TimeSpan duration, UpstreamTiming timing)
    {
        var request = context.Request;
        // What the upstream was told, so that its log and this one can be joined.
        var trace = ActivityContext.TryParse(request.Headers.TraceParent, traceState: null, out var told) ? told : default;
        List<LogEventProperty> properties = new(capacity: 24)
        {
            SourceContext,
            Property("Method", request.Method),
            Property("Host", request.Host.Value ?? ""),
            Property("Path", LoggedPath(context)),
            Property("Status", status),
            Property("DurationMs", Milliseconds(duration)),
            Property("Client", client),
            Property("Protocol", request.Protocol),
            Property("Route", context.GetEndpoint()?.Metadata.GetMetadata<RouteModel>()?.Config.RouteId ?? "other"),
            Property("ConnectionId", context.Connection.Id),
        };
        if (trace.TraceId != default) properties.Add(Property("RequestId", trace.TraceId.ToHexString()));
        if (context.Features.Get<TlsConnectionInfo>() is { } tls) AddTls(properties, tls, request);
        AddUpstream(properties, context, timing);
        if (context.Response.ContentLength is { } bytes) properties.Add(Property("Bytes", bytes));
        if (request.Headers.UserAgent.ToString() is { Length: > 0 } agent) properties.Add(Property("UserAgent", Truncated(agent, UserAgentLength)));
        if (context.Features.Get<WebSocketSession>() is { Socket: { } socket } session)
        {
            properties.Add(WebSocket);
            properties.Add(Property("BytesIn", socket.BytesIn));
            properties.Add(Property("BytesOut", socket.BytesOut));
            if (session.EndedBy is { } by) properties.Add(Property("ClosedBy", WebSocketMetrics.LabelOf(by)));
            if (socket.CloseCode is > 0 and var code) properties.Add(Property("CloseCode", code));
        }
        else if (context.RequestAborted.IsCancellationRequested)
        {
            properties.Add(Aborted);
        }

        _logger.Write(new LogEvent(time.GetUtcNow(), LogEventLevel.Information, exception: null, Template, properties, trace.TraceId, trace.SpanId));
    }

    static void AddTls(List<LogEventProperty> properties, TlsConnectionInfo tls, HttpRequest request)
    {
        properties.Add(tls.Protocol is SslProtocols.Tls13 ? Tls13 : Tls12);
        if (tls.NegotiatedCipherSuite is { } suite) properties.Add(Ciphers.GetOrAdd(suite, static suite => Property("Cipher", suite.ToString())));
        properties.Add(tls.Resumed ? Resumed : Full);
        // Connections are shared by the hosts of one certificate, and made without a name by some clients.
        if (!string.Equals(tls.Host.Value, request.Host.Host, StringComparison.OrdinalIgnoreCase)) properties.Add(Property("TlsHost", tls.Host.Value));
    }

    /// <summary>Nothing where the edge answered by itself.</summary>
    void AddUpstream(List<LogEventProperty> properties, HttpContext context, UpstreamTiming timing)
    {
        if (context.Features.Get<IReverseProxyFeature>()?.ProxiedDestination is not { } destination) return;
        properties.Add(Property("Upstream", destination.Model.Config.Address));
        if (timing.Elapsed(time) is { } elapsed) properties.Add(Property("UpstreamMs", Milliseconds(elapsed)));
    }

    static double Milliseconds(TimeSpan time) => Math.Round(time.TotalMilliseconds, 3);

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
}
