using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.WebSockets;

/// <summary>The JavaScript client of docs/clients.md in Node, over an upgrade of the edge.</summary>
public sealed partial class ReconnectTests(TlsFixture tls)
{
    const int Base = 200;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task The_client_of_the_page_comes_back_after_1012_and_waits_at_random_meanwhile()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["client.cjs"], Script());
        var port = FreePort.Next();
        var setup = tls.Setup(TestedEngines.Default);
        setup = setup with { Settings = new Dictionary<string, JsonNode?>(StringComparer.Ordinal) { ["Listen:Https"] = new JsonArray($"127.0.0.1:{port}") } };
        await using var before = await EdgeProcess.StartAsync(setup);

        await using var client = await ExternalProcess.StartAsync(
            "node", [directory["client.cjs"], $"wss://localhost:{port}/ws"],
            new Dictionary<string, string>(StringComparer.Ordinal) { ["NODE_EXTRA_CA_CERTS"] = tls.RootFile, ["NODE_PATH"] = ExternalTool.NodeModules },
            async () => (await before.GetMetricsAsync()).Sum("imgw_websocket_connections") == 1);
        await client.Log.WaitForAsync(line => line.Text == "message hello", Patience);

        Assert.Equal(0, await before.StopAsync(Patience));
        var restart = Closed(await client.Log.WaitForAsync(line => line.Text.StartsWith("close", StringComparison.Ordinal), Patience));
        // Two failed attempts, so that the third waits longer.
        await client.Log.WaitForAsync(_ => client.Log.Lines.Count(line => line.Text.StartsWith("close 1006", StringComparison.Ordinal)) >= 2, Patience);
        var waited = client.Log.Lines.Where(line => line.Text.StartsWith("close 1006", StringComparison.Ordinal)).Select(Closed).ToList();
        var lines = client.Log.Lines.Count;
        await using var after = await EdgeProcess.StartAsync(setup);
        await client.Log.WaitForAsync(line => line.Text == "message hello", Patience, lines);

        Assert.Equal(1012, restart.Code);
        Assert.InRange(restart.Delay, 0, Base);
        Assert.InRange(waited[0].Delay, 0, 2 * Base);
        Assert.InRange(waited[1].Delay, 0, 4 * Base);
        Assert.Equal(3, waited.Take(2).Select(wait => wait.Delay).Append(restart.Delay).Distinct().Count());
        Assert.Equal(2, client.Log.Lines.Count(line => line.Text == "open"));
    }

    static (int Code, double Delay) Closed(LogLine line) =>
        line.Text.Split(' ') is [_, var code, var delay] ? (int.Parse(code, CultureInfo.InvariantCulture), double.Parse(delay, CultureInfo.InvariantCulture)) : throw new FormatException(line.Text);

    /// <summary>The class of the page, used as the page does.</summary>
    static string Script() => $$"""
        globalThis.WebSocket = require('ws');
        {{Example().Match(File.ReadAllText(Repository.PathOf("docs", "clients.md"))).Groups["code"].Value}}
        new GatewaySocket(process.argv[2], {
          base: {{Base}}, cap: 1000, steady: 100,
          onOpen: socket => { console.log('open'); socket.send('hello'); },
          onMessage: data => console.log(`message ${data}`),
          onClose: (code, delay) => console.log(`close ${code} ${delay}`),
        });
        """;

    [GeneratedRegex("""^```javascript\n(?<code>.*?)^```""", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Example();
}
