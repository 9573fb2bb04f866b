using ImGateway.Edge.Configuration;
using ImGateway.Edge.Proxying;
using ImGateway.Edge.Proxying.Checks;
using ImGateway.Edge.Proxying.Upstream;
using ImGateway.Edge.WebSockets;
using Serilog.Core;
using Serilog.Events;

namespace ImGateway.Edge.Operations;

/// <summary>
/// Logs one event for each request, for a WebSocket at its end (<see cref="AccessLogEntry"/>). Queries are not logged, because they may contain tokens.
/// </summary>
sealed class AccessLog(RequestDelegate next, CurrentOptions options, Reloadable<ClientAddress> addresses, Serilog.ILogger logger, TimeProvider time)
{
    public const string Source = "ImGateway.Edge.AccessLog";

    readonly Serilog.ILogger _logger = logger.ForContext(Constants.SourceContextPropertyName, Source);

    public Task InvokeAsync(HttpContext context) =>
        options.Value.AccessLog && !context.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal) && _logger.IsEnabled(LogEventLevel.Information)
            ? LogAsync(context)
            : next(context);

    async Task LogAsync(HttpContext context)
    {
        var start = time.GetTimestamp();
        // Before the headers are rewritten for the upstream.
        var client = context.Features.Get<ConnectionFactsFeature>() is { } listener ? addresses.Value.Of(context, listener).Client : "-";
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
            // Kestrel sets the status 500 only after the exception has passed here.
            var status = completed || context.Response.HasStarted ? context.Response.StatusCode : StatusCodes.Status500InternalServerError;
            var entry = new AccessLogEntry(context, client, status, timing.Elapsed(time));
            if (context.Features.Get<WebSocketUpgrade>() is { IsUpgraded: true } upgrade) upgrade.Lease.Observe(new SocketLine(this, entry, start));
            else Write(entry, start, socket: null, end: null);
        }
    }

    void Write(AccessLogEntry entry, long start, OpenWebSocket? socket, RelayOutcome? end) =>
        _logger.Write(entry.ToEvent(time.GetUtcNow(), time.GetElapsedTime(start), socket, end));

    sealed class SocketLine(AccessLog log, AccessLogEntry entry, long start) : IWebSocketObserver
    {
        public void OnEnded(OpenWebSocket? socket, RelayOutcome? end) => log.Write(entry, start, socket, end);
    }
}
