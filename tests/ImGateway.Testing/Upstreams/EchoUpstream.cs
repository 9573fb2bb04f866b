using System.Net.WebSockets;
using ImGateway.Edge.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ImGateway.Testing;

/// <summary>An IM gateway in plain HTTP: <c>/ws</c> echoes, <c>/api</c> answers JSON, <c>/health</c> is well.</summary>
public sealed class EchoUpstream : IAsyncDisposable
{
    readonly WebApplication _app;

    EchoUpstream(WebApplication app)
    {
        _app = app;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    public Uri Address { get; }

    /// <param name="port">Default any.</param>
    public static async Task<EchoUpstream> StartAsync(int port = 0)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls($"http://127.0.0.1:{port}");
        var app = builder.Build();
        app.UseWebSockets();
        app.Run(AnswerAsync);
        await app.StartAsync();
        return new EchoUpstream(app);
    }

    public async ValueTask DisposeAsync()
    {
        // Sockets that still echo are cut, not waited for.
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    static Task AnswerAsync(HttpContext context) => context.Request.Path.Value switch
    {
        "/ws" when context.WebSockets.IsWebSocketRequest => EchoAsync(context),
        "/health" => context.Response.WriteAsync("healthy"),
        var path when path!.StartsWith("/api", StringComparison.Ordinal) =>
            context.Response.WriteAsJsonAsync(new Dictionary<string, string>
            {
                ["path"] = path,
                ["scheme"] = context.Request.Headers["X-Forwarded-Proto"].ToString(),
            }),
        _ => NotFoundAsync(context),
    };

    static Task NotFoundAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    static async Task EchoAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[16 * 1024];
        try
        {
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
                if (received.MessageType == WebSocketMessageType.Close) break;
                await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, context.RequestAborted);
            }

            await socket.CloseAsync(socket.CloseStatus ?? WebSocketCloseStatus.NormalClosure, socket.CloseStatusDescription, context.RequestAborted);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // The client has disconnected, or the test has ended.
        }
    }
}
