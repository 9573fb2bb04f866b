using System.Text.Encodings.Web;
using System.Text.Json;
using ImGateway.Edge.Configuration;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;

namespace ImGateway.Edge.Demo;

/// <summary>
/// A small IM gateway over plain HTTP: WebSocket echo and chat on <c>/ws</c>, JSON on <c>/api/…</c>, <c>/health</c>, and the page on <c>/</c>.
/// Serves until disposed.
/// </summary>
public sealed class DemoGateway : IAsyncDisposable
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    readonly WebApplication _app;
    readonly GatewayEnvironment _environment;
    readonly ChatRooms _rooms = new();

    DemoGateway(WebApplication app, GatewayEnvironment environment) => (_app, _environment) = (app, environment);

    /// <summary>The listening address, with the actual port if port 0 was requested.</summary>
    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());

    /// <summary>For an edge on the same machine: <c>X-Real-IP</c> is trusted from loopback only.</summary>
    public static Task<DemoGateway> StartAsync(ListenAddress listen, CancellationToken cancellationToken) =>
        StartAsync(listen, GatewayEnvironment.BehindLoopback, TimeProvider.System, cancellationToken);

    internal static async Task<DemoGateway> StartAsync(
        ListenAddress listen, GatewayEnvironment environment, TimeProvider time, CancellationToken cancellationToken)
    {
        // The empty builder reads no environment variables and no files.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            if (listen.Address is null) kestrel.ListenAnyIP(listen.Port);
            else kestrel.Listen(listen.Address, listen.Port);
        });

        var app = builder.Build();
        var gateway = new DemoGateway(app, environment);
        app.UseDemoPage();
        // No server pings: only messages of clients cross the edge.
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.Zero });
        app.Map("/ws", gateway.SocketAsync);
        app.MapGet("/health", (RequestDelegate)(context => WriteAsync(context, new { Status = "ok" })));
        app.MapGet("/api/time", (RequestDelegate)(context => WriteAsync(context, new { Time = time.GetUtcNow() })));
        app.Map("/api/echo", context => HttpMethods.IsPost(context.Request.Method) ? EchoBodyAsync(context) : gateway.EchoRequestAsync(context));
        try
        {
            await app.StartAsync(cancellationToken);
            return gateway;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Serves until a signal or <paramref name="cancellationToken"/> requests a stop.</summary>
    public Task WaitForShutdownAsync(CancellationToken cancellationToken) => _app.WaitForShutdownAsync(cancellationToken);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    async Task SocketAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            context.Response.Headers.Upgrade = "websocket";
            await WriteAsync(context, new { Error = "this is a WebSocket: wss://…/ws echoes, wss://…/ws?room=NAME is a chat" });
            return;
        }

        var accept = new WebSocketAcceptContext
        {
            SubProtocol = context.WebSockets.WebSocketRequestedProtocols is [var first, ..] ? first : null,
            // Used only if the client offers it. Compression endangers secrets next to attacker-chosen text (CRIME); the demo has none.
            DangerousEnableCompression = true,
        };
        using var socket = await context.WebSockets.AcceptWebSocketAsync(accept);
        var room = context.Request.Query["room"].ToString();
        await (room.Length == 0 ? DemoSocket.EchoAsync(socket, context.RequestAborted) : _rooms.ChatAsync(room, socket, context.RequestAborted));
    }

    Task EchoRequestAsync(HttpContext context)
    {
        var request = context.Request;
        return WriteAsync(context, new
        {
            request.Method,
            Target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
            request.Protocol,
            Client = _environment.ClientOf(context),
            Headers = request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
        });
    }

    static Task EchoBodyAsync(HttpContext context)
    {
        context.Response.ContentType = context.Request.ContentType ?? "application/octet-stream";
        return context.Request.Body.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    static Task WriteAsync<T>(HttpContext context, T value) => context.Response.WriteAsJsonAsync(value, Json, context.RequestAborted);
}
