using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Security;
using System.Security.Authentication;
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
/// The facts of one request for the access log, copied from its context: a WebSocket is logged when it ends, and its context may serve another request
/// by then.
/// </summary>
sealed class AccessLogEntry
{
    const int PathLength = 512;
    const int UserAgentLength = 200;

    static readonly MessageTemplate Template = new MessageTemplateParser().Parse("{Client:l} {Method:l} {Path:l} {Status} {DurationMs} ms {Protocol:l}");
    static readonly LogEventProperty SourceContext = new(Constants.SourceContextPropertyName, new ScalarValue(AccessLog.Source));
    static readonly LogEventProperty WebSocket = new("WebSocket", new ScalarValue(true));
    static readonly LogEventProperty Aborted = new("Aborted", new ScalarValue(true));
    static readonly LogEventProperty Tls13 = new("Tls", new ScalarValue("TLSv1.3"));
    static readonly LogEventProperty Tls12 = new("Tls", new ScalarValue("TLSv1.2"));
    static readonly LogEventProperty Resumed = new("Resumed", new ScalarValue(true));
    static readonly LogEventProperty Full = new("Resumed", new ScalarValue(false));

    // Bounded by the suites of the policy.
    static readonly ConcurrentDictionary<TlsCipherSuite, LogEventProperty> Ciphers = new();

    readonly string _method, _host, _path, _client, _protocol, _route, _connection;
    readonly int _status;
    readonly ActivityContext _trace;
    readonly TlsConnectionInfo? _tls;
    readonly bool _tlsHostDiffers, _isAborted;
    readonly string? _upstream, _userAgent;
    readonly TimeSpan? _upstreamTime;
    readonly long? _bytes;

    /// <param name="context">The request's context, which is not kept.</param>
    /// <param name="client">The client's address, taken before the headers were rewritten for the upstream.</param>
    /// <param name="status">The response's status.</param>
    /// <param name="upstreamTime">Time from the request to the upstream until its response; null without a response.</param>
    public AccessLogEntry(HttpContext context, string client, int status, TimeSpan? upstreamTime)
    {
        var request = context.Request;
        (_client, _status, _upstreamTime) = (client, status, upstreamTime);
        (_method, _host, _path, _protocol) = (request.Method, request.Host.Value ?? "", LoggedPath(context), request.Protocol);
        _route = context.GetEndpoint()?.Metadata.GetMetadata<RouteModel>()?.Config.RouteId ?? "other";
        _connection = context.Connection.Id;
        // The trace id that the upstream got, so that both logs can be joined.
        _trace = TraceParent.TryParse(request.Headers.TraceParent, out var sent) ? sent : default;
        _tls = context.Features.Get<TlsConnectionInfo>();
        // May differ from the request's host: HTTP/2 connections are coalesced, and some clients send no SNI.
        _tlsHostDiffers = _tls is not null && !string.Equals(_tls.Host.Value, request.Host.Host, StringComparison.OrdinalIgnoreCase);
        // None if the edge itself responded.
        _upstream = context.Features.Get<IReverseProxyFeature>()?.ProxiedDestination?.Model.Config.Address;
        _bytes = context.Response.ContentLength;
        _userAgent = request.Headers.UserAgent.ToString() is { Length: > 0 } agent ? Truncated(agent, UserAgentLength) : null;
        _isAborted = context.RequestAborted.IsCancellationRequested;
    }

    /// <summary>
    /// Builds the event by hand, because capturing a dozen properties by reflection costs more than the rest of a small request's logging.
    /// </summary>
    /// <param name="now">The time of the event.</param>
    /// <param name="duration">The duration of the request, or of the WebSocket from its request to its end.</param>
    /// <param name="socket">Null if the request is not a WebSocket.</param>
    /// <param name="end">How the WebSocket ended.</param>
    public LogEvent ToEvent(DateTimeOffset now, TimeSpan duration, OpenWebSocket? socket, RelayOutcome? end)
    {
        List<LogEventProperty> properties = new(capacity: 24)
        {
            SourceContext,
            Property("Method", _method),
            Property("Host", _host),
            Property("Path", _path),
            Property("Status", _status),
            Property("DurationMs", Milliseconds(duration)),
            Property("Client", _client),
            Property("Protocol", _protocol),
            Property("Route", _route),
            Property("ConnectionId", _connection),
        };
        if (_trace.TraceId != default) properties.Add(Property("RequestId", _trace.TraceId.ToHexString()));
        if (_tls is not null) AddTls(properties, _tls);
        if (_upstream is not null) properties.Add(Property("Upstream", _upstream));
        if (_upstream is not null && _upstreamTime is { } elapsed) properties.Add(Property("UpstreamMs", Milliseconds(elapsed)));
        if (_bytes is { } bytes) properties.Add(Property("Bytes", bytes));
        if (_userAgent is not null) properties.Add(Property("UserAgent", _userAgent));
        if (socket is not null) AddWebSocket(properties, socket, end);
        else if (_isAborted) properties.Add(Aborted);
        return new LogEvent(now, LogEventLevel.Information, exception: null, Template, properties, _trace.TraceId, _trace.SpanId);
    }

    void AddTls(List<LogEventProperty> properties, TlsConnectionInfo tls)
    {
        properties.Add(tls.Protocol is SslProtocols.Tls13 ? Tls13 : Tls12);
        if (tls.NegotiatedCipherSuite is { } suite) properties.Add(Ciphers.GetOrAdd(suite, static suite => Property("Cipher", suite.ToString())));
        properties.Add(tls.Resumed ? Resumed : Full);
        if (_tlsHostDiffers) properties.Add(Property("TlsHost", tls.Host.Value));
    }

    static void AddWebSocket(List<LogEventProperty> properties, OpenWebSocket socket, RelayOutcome? end)
    {
        properties.Add(WebSocket);
        properties.Add(Property("BytesIn", socket.BytesIn));
        properties.Add(Property("BytesOut", socket.BytesOut));
        if (end is not null) properties.Add(Property("ClosedBy", WebSocketMetrics.LabelOf(end.By)));
        if (socket.CloseCode is > 0 and var code) properties.Add(Property("CloseCode", code));
    }

    static double Milliseconds(TimeSpan time) => Math.Round(time.TotalMilliseconds, 3);

    static LogEventProperty Property(string name, object value) => new(name, new ScalarValue(value));

    /// <summary>The raw path, as the client sent it; of the query only its presence.</summary>
    static string LoggedPath(HttpContext context)
    {
        var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget;
        // An absolute form may contain credentials.
        if (target is not ['/', ..]) return Truncated(context.Request.Path.Value ?? "", PathLength);
        var query = target.IndexOf('?');
        return query < 0 ? Truncated(target, PathLength) : $"{Truncated(target[..query], PathLength)}?…";
    }

    static string Truncated(string text, int length) => text.Length <= length ? text : $"{text.AsSpan(0, length)}…";
}
