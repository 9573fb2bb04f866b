using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Operations.StatusPage;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;
using Microsoft.Playwright;

namespace ImGateway.Edge.Tests.Scenarios.RealTime;

/// <summary>The same in Chromium, where all of it goes over one connection of HTTP/2, from pages of the edge's own origin and of another one.</summary>
public sealed class BrowserTests(TlsFixture tls, Browser browser) : IClassFixture<Browser>
{
    const string Say =
        """
        async ([url, transport, skip]) => {
          const connection = new signalR.HubConnectionBuilder()
            .withUrl(url, { transport: signalR.HttpTransportType[transport], skipNegotiation: skip }).configureLogging(signalR.LogLevel.None).build();
          await connection.start();
          const answer = await connection.invoke('Say', 'hello');
          await connection.stop();
          return answer;
        }
        """;

    const string FirstEvent =
        """
        url => new Promise((resolve, reject) => {
          const events = new EventSource(url);
          events.onmessage = event => { events.close(); resolve(event.data); };
          events.onerror = () => reject(new Error(`readyState ${events.readyState}`));
        })
        """;

    const string SayBySocketIo =
        """
        ([url, transports]) => new Promise((resolve, reject) => {
          const socket = io(url, { transports, reconnection: false });
          socket.on('connect', () => socket.emit('say', 'hello', answer => { socket.close(); resolve(answer); }));
          socket.on('connect_error', error => reject(new Error(error.message)));
        })
        """;

    const string Protocols = "() => [...new Set(performance.getEntries().map(entry => entry.nextHopProtocol).filter(Boolean))].join()";

    [Fact]
    public async Task SignalR_and_events_work_from_the_origin_of_the_edge_and_WebSockets_from_no_other()
    {
        await using var gateway = await ChatGateway.StartAsync(FreePort.Next(), "one");
        var setup = RealTimeEdge.Setup(tls, [gateway.Address], []);
        var own = $"https://localhost:{((string)setup.Settings["Listen:Https"]![0]!).Split(':')[1]}";
        setup = setup with { Settings = new Dictionary<string, JsonNode?>(setup.Settings) { ["WebSockets:AllowedOrigins"] = new JsonArray(own) } };
        await using var edge = await EdgeProcess.StartAsync(setup);
        var hub = $"{own}/hubs/chat";

        var page = await OpenAsync($"{own}/api/page", "@microsoft/signalr/dist/browser/signalr.js");
        foreach (var transport in SignalRTests.Transports) Assert.StartsWith("hello from ", await page.EvaluateAsync<string>(Say, new object[] { hub, transport.Data, false }));
        Assert.StartsWith("hello from ", await page.EvaluateAsync<string>(Say, new object[] { hub, "WebSockets", true }));
        Assert.Equal("one", await page.EvaluateAsync<string>(FirstEvent, $"{own}/api/events"));
        Assert.Equal("h2", await page.EvaluateAsync<string>(Protocols));

        // What the gateway allows to other origins passes, the browser's question before it included; WebSockets are the edge's to decide.
        var other = await OpenAsync($"https://127.0.0.1:{edge.HttpsPort}/api/page", "@microsoft/signalr/dist/browser/signalr.js");
        Assert.StartsWith("hello from ", await other.EvaluateAsync<string>(Say, new object[] { hub, "LongPolling", false }));
        Assert.StartsWith("hello from ", await other.EvaluateAsync<string>(Say, new object[] { hub, "ServerSentEvents", false }));
        Assert.Equal("one", await other.EvaluateAsync<string>(FirstEvent, $"{own}/api/events"));
        await Assert.ThrowsAsync<PlaywrightException>(() => other.EvaluateAsync<string>(Say, new object[] { hub, "WebSockets", true }));
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_refused_total", ("reason", "origin")) == 1, RealTimeEdge.Patience);
    }

    [Fact]
    public async Task Socket_IO_works_by_polls_and_by_WebSocket()
    {
        var port = FreePort.Next();
        await using var gateway = await NodeClient.ServeAsync("socketio-gateway.cjs", port);
        await using var edge = await EdgeProcess.StartAsync(RealTimeEdge.Setup(tls, [new Uri($"http://127.0.0.1:{port}")], []));
        var own = $"https://localhost:{edge.HttpsPort}";

        // Its 400 for a request that is none of its own is a page of the origin.
        var page = await OpenAsync($"{own}/socket.io/", "socket.io-client/dist/socket.io.js");
        foreach (var transport in (string[])["polling", "websocket"])
            Assert.Equal($"hello from {port}", await page.EvaluateAsync<string>(SayBySocketIo, new object[] { own, new[] { transport } }));
        Assert.Equal("h2", await page.EvaluateAsync<string>(Protocols));
    }

    async Task<IPage> OpenAsync(string url, string library)
    {
        var page = await browser.OpenUntrustedAsync(new Uri(url));
        await page.AddScriptTagAsync(new PageAddScriptTagOptions { Path = Path.Combine(ExternalTool.NodeModules, library) });
        return page;
    }
}
