using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

public sealed class WebSocketClientTests(TlsFixture tls)
{
    public static TheoryData<TestedEngine, string> EnginesAndVersions =>
        [.. from engine in Enum.GetValues<TestedEngine>() from version in (string[])["1.1", "2.0"] select Engines.Row(engine, version)];

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Wscat_echoes(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);

        var result = await ExternalTool.RunAsync(ExternalTool.WsCat,
            ["--ca", tls.RootFile, "--no-color", "-c", $"wss://127.0.0.1:{edge.HttpsPort}/ws", "-x", "hello over wss", "-w", "1"], input: null);

        Assert.True(result.ExitCode == 0 && result.Output.Contains("hello over wss", StringComparison.Ordinal), result.All);
    }

    [Theory, MemberData(nameof(EnginesAndVersions))]
    public async Task A_NET_client_echoes_and_closes(TestedEngine engine, string version)
    {
        var edge = await tls.EdgeAsync(engine);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var socket = await new EdgeClient(edge.Https, tls.Root.Certificate).OpenWebSocketAsync(TlsFixture.Gateway, Version.Parse(version));

        foreach (var size in (int[])[0, 1, 125, 126, 4096, 65535, 65536, 1 << 20])
        {
            var sent = RandomNumberGenerator.GetBytes(size);
            var echoed = EchoAsync(socket, size, limit.Token);
            await socket.SendAsync(sent, WebSocketMessageType.Binary, endOfMessage: true, limit.Token);
            Assert.Equal(sent, await echoed);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", limit.Token);
        Assert.Equal((WebSocketCloseStatus.NormalClosure, "done"), (socket.CloseStatus, socket.CloseStatusDescription));
    }

    [Theory, MemberData(nameof(EnginesAndVersions))]
    public async Task A_NET_client_gets_an_answer_with_the_security_headers(TestedEngine engine, string version)
    {
        var edge = await tls.EdgeAsync(engine);

        using var answer = await new EdgeClient(edge.Https, tls.Root.Certificate).GetAsync(TlsFixture.Gateway, "/api", Version.Parse(version));

        Assert.Equal((HttpStatusCode.OK, version), (answer.StatusCode, answer.Version.ToString()));
        Assert.Equal("max-age=31536000; includeSubDomains", string.Join("|", answer.Headers.GetValues("Strict-Transport-Security")));
    }

    static async Task<byte[]> EchoAsync(ClientWebSocket socket, int size, CancellationToken cancellationToken)
    {
        var received = new byte[size];
        for (var count = 0; ;)
        {
            var part = await socket.ReceiveAsync(received.AsMemory(count), cancellationToken);
            count += part.Count;
            if (part.EndOfMessage) return received[..count];
        }
    }
}
