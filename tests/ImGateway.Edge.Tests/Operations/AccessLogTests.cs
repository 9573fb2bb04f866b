using System.Net;
using System.Text;
using System.Text.Json;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Operations;
using ImGateway.Edge.Proxying.Checks;
using ImGateway.Edge.Storage;
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

    /// <summary>Of a later version what is known is read (W3C Trace Context §3.2.4), and kept for the upstream: both logs are joined by it.</summary>
    [Theory]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736")]
    [InlineData("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be-like", "4bf92f3577b34da6a3ce929d0e0e4736")]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", null)]
    [InlineData("00x4bf92f3577b34da6a3ce929d0e0e4736x00f067aa0ba902b7x01", null)]
    public async Task The_trace_that_the_upstream_gets_is_the_request_ID(string traceParent, string? requestId)
    {
        var line = Assert.Single(await ServeAsync(async client =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api");
            request.Headers.TryAddWithoutValidation("traceparent", traceParent);
            using var answer = await client.SendAsync(request);
        }));

        Assert.Equal(requestId, line.TryGetProperty("RequestId", out var id) ? id.GetString() : null);
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
    public async Task Behind_a_trusted_proxy_the_client_is_the_one_it_names()
    {
        var options = new EdgeOptions { TrustedProxies = [IPNetwork.Parse("127.0.0.0/8")] };

        var line = Assert.Single(await ServeAsync(ForwardedAsync, options));

        Assert.Equal("203.0.113.9", line.GetProperty("Client").GetString());
    }

    [Fact]
    public async Task From_anybody_else_it_is_the_peer()
    {
        var line = Assert.Single(await ServeAsync(ForwardedAsync));

        Assert.Equal("127.0.0.1", line.GetProperty("Client").GetString());
    }

    static async Task ForwardedAsync(HttpClient client)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api") { Headers = { { "X-Forwarded-For", "203.0.113.9" }, { "X-Real-IP", "203.0.113.10" } } };
        using var answer = await client.SendAsync(request);
    }

    static async Task<IReadOnlyList<JsonElement>> ServeAsync(Func<HttpClient, Task> use, EdgeOptions? options = null)
    {
        using var output = new MemoryStream();
        await using (var logger = LoggerSetup.CreateLogger(new ConfigurationBuilder().Build(), readable: false, colours: false, output))
        {
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseListenerKind(ListenerKind.Https)));
            builder.Services.AddSingleton<Serilog.ILogger>(logger);
            builder.Services.AddSingleton(TimeProvider.System);
            options ??= new EdgeOptions();
            builder.Services.AddSingleton(new CurrentOptions(options)).AddSingleton(new Reloadable<ClientAddress>(new ClientAddress(options)));
            await using var app = builder.Build();
            app.UseAccessLog();
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
        context.Response.ContentLength = 5;
        await context.Response.WriteAsync("hello");
    }

    static JsonElement Parse(string line)
    {
        using var json = JsonDocument.Parse(line);
        return json.RootElement.Clone();
    }
}
