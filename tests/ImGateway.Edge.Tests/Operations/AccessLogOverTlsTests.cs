using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using ImGateway.Edge.Demo;
using ImGateway.Edge.Operations;
using ImGateway.Testing;
using Microsoft.Extensions.Configuration;
using Spectre.Console;

namespace ImGateway.Edge.Tests.Operations;

/// <summary>What only the whole edge can put on a line: TLS, route, trace, and the bytes of a WebSocket.</summary>
public sealed class AccessLogOverTlsTests
{
    [Fact]
    public async Task Lines_carry_TLS_route_trace_and_a_WebSockets_bytes()
    {
        using var directory = new TemporaryDirectory();
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var output = new SignallingStream();
        string traceParent;
        await using (var log = LoggerSetup.CreateLogger(new ConfigurationBuilder().Build(), readable: false, colours: false, output))
        {
            var port = FreePort.Next();
            var running = new DemoHost(TestProcess.Engines, log, Quiet(), TextWriter.Null)
                .RunEdgeAsync(new DemoSettings(null, GatewayOnly: false, null) { Https = port, Http = FreePort.Next(), Management = FreePort.Next() }, directory.Path, stop.Token);
            await output.Written("Listening Https").WaitAsync(stop.Token);

            using var client = Trusting(directory["development-ca", "ca.pem"]);
            var echo = await client.GetFromJsonAsync<JsonElement>($"https://127.0.0.1:{port}/api/echo?token=secret", stop.Token);
            traceParent = echo.GetProperty("headers").GetProperty("traceparent").GetString()!;
            await EchoAsync(new Uri($"wss://127.0.0.1:{port}/ws"), client, stop.Token);

            await stop.CancelAsync();
            Assert.Equal(0, await running.WaitAsync(TimeSpan.FromSeconds(30)));
        }

        var lines = Lines(output).Where(line => line["SourceContext"] == AccessLog.Source).ToDictionary(line => line["Path"]!);
        Assert.Equal(["/api/echo?…", "/ws"], lines.Keys.Order(StringComparer.Ordinal));
        Assert.All(lines.Values, line => Assert.Equal("TLSv1.3", line["Tls"]));
        Assert.All(lines.Values, line => Assert.Equal("127.0.0.1", line["Client"]));
        Assert.Equal("api", lines["/api/echo?…"]["Route"]);
        Assert.Equal(traceParent.Split('-')[1], lines["/api/echo?…"]["@tr"]);
        Assert.Equal("ws", lines["/ws"]["Route"]);
        Assert.Equal("True", lines["/ws"]["WebSocket"]);
        // Two frames from the client, masked: "hello" and a close with its code; the same back, unmasked.
        Assert.Equal("19", lines["/ws"]["BytesIn"]);
        Assert.Equal("11", lines["/ws"]["BytesOut"]);
    }

    static IReadOnlyList<LogLine> Lines(SignallingStream output) =>
        [.. output.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(text => new LogLine(text))];

    static async Task EchoAsync(Uri address, HttpClient client, CancellationToken cancellationToken)
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(address, client, cancellationToken);
        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
        Assert.Equal(5, (await socket.ReceiveAsync(new byte[16].AsMemory(), cancellationToken)).Count);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
    }

    static HttpClient Trusting(string caFile)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(caFile);
        return new HttpClient(new SocketsHttpHandler { SslOptions = { CertificateChainPolicy = policy } });
    }

    static IAnsiConsole Quiet() => AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(TextWriter.Null) });
}
