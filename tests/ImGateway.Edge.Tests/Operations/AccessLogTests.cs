using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using ImGateway.Edge.Operations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ImGateway.Edge.Tests.Operations;

public sealed class AccessLogTests
{
    [Fact]
    public async Task A_request_is_one_line_with_what_one_asks_a_log_for()
    {
        var line = Assert.Single(await ServeAsync(async client =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/users%2F7?token=secret") { Headers = { Host = "gateway.example.com" } };
            request.Headers.TryAddWithoutValidation("User-Agent", "phone/1.0");
            using var answer = await client.SendAsync(request);
        }));

        Assert.Equal("ImGateway.Edge.AccessLog", line.GetProperty("SourceContext").GetString());
        Assert.Equal("GET", line.GetProperty("Method").GetString());
        Assert.Equal("/api/users%2F7?…", line.GetProperty("Path").GetString());
        Assert.Equal("gateway.example.com", line.GetProperty("Host").GetString());
        Assert.Equal(200, line.GetProperty("Status").GetInt32());
        Assert.True(line.GetProperty("DurationMs").GetDouble() >= 0);
        Assert.Equal(5, line.GetProperty("Bytes").GetInt64());
        Assert.Equal("127.0.0.1", line.GetProperty("Client").GetString());
        Assert.Equal("HTTP/1.1", line.GetProperty("Protocol").GetString());
        Assert.Equal("other", line.GetProperty("Route").GetString());
        Assert.Equal("phone/1.0", line.GetProperty("UserAgent").GetString());
        Assert.False(line.TryGetProperty("Tls", out _));
        Assert.DoesNotContain("secret", line.GetRawText());
    }

    [Fact]
    public async Task Health_is_left_out_and_what_only_begins_alike_is_not()
    {
        var lines = await ServeAsync(async client =>
        {
            await client.GetStringAsync("/health");
            await client.GetStringAsync("/health/deep");
            await client.GetStringAsync("/healthy");
        });

        Assert.Equal(["/healthy"], lines.Select(line => line.GetProperty("Path").GetString()));
    }

    [Fact]
    public async Task A_request_that_fails_in_the_pipeline_is_a_500()
    {
        var line = Assert.Single(await ServeAsync(async client =>
        {
            using var answer = await client.GetAsync("/throw");
        }));

        Assert.Equal(500, line.GetProperty("Status").GetInt32());
    }

    [Fact]
    public async Task Long_agents_and_paths_are_cut()
    {
        var line = Assert.Single(await ServeAsync(async client =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/" + new string('p', 2000));
            request.Headers.TryAddWithoutValidation("User-Agent", new string('a', 2000));
            using var answer = await client.SendAsync(request);
        }));

        Assert.Equal(new string('a', 200) + "…", line.GetProperty("UserAgent").GetString());
        Assert.Equal(513, line.GetProperty("Path").GetString()!.Length);
    }

    [Fact]
    public async Task A_WebSocket_is_one_line_at_its_end()
    {
        var line = Assert.Single(await ServeAsync(async client =>
        {
            using var socket = new ClientWebSocket();
            await socket.ConnectAsync(new UriBuilder(new Uri(client.BaseAddress!, "/ws")) { Scheme = "ws" }.Uri, CancellationToken.None);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }));

        Assert.Equal(101, line.GetProperty("Status").GetInt32());
        Assert.True(line.GetProperty("WebSocket").GetBoolean());
    }

    static async Task<IReadOnlyList<JsonElement>> ServeAsync(Func<HttpClient, Task> use)
    {
        using var output = new MemoryStream();
        await using (var logger = Logging.CreateLogger(new ConfigurationBuilder().Build(), readable: false, colours: false, output))
        {
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
            builder.Services.AddSingleton<Serilog.ILogger>(logger);
            builder.Services.AddSingleton(TimeProvider.System);
            await using var app = builder.Build();
            app.UseAccessLog();
            app.UseWebSockets();
            app.Run(AnswerAsync);
            await app.StartAsync();
            using (var client = new HttpClient())
            {
                client.BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());
                await use(client);
            }

            // The line of a request is written when its answer has long been read: stopping waits for it.
            await app.StopAsync();
        }

        return [.. Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];
    }

    static async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Path == "/throw") throw new InvalidOperationException("on purpose");
        if (context.WebSockets.IsWebSocketRequest)
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await socket.ReceiveAsync(new byte[16], context.RequestAborted);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
            return;
        }

        context.Response.ContentLength = 5;
        await context.Response.WriteAsync("hello");
    }

    static JsonElement Parse(string line)
    {
        using var json = JsonDocument.Parse(line);
        return json.RootElement.Clone();
    }
}
