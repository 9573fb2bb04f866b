using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>"Without downtime" of docs/migrate-from-nginx.md, on the ports that nginx has.</summary>
public sealed class SwitchTests
{
    const string Frame = "\u0081\u0085\0\0\0\0hello";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Sockets_stay_open_on_nginx_while_the_edge_takes_its_ports()
    {
        using var root = TestCa.Create("Switch Root");
        using var certificate = root.Issue(Side.Host);
        await using var gateway = Gateway.Start();
        using var certbot = await Certbot.CreateAsync(certificate);
        var side = new Side("nginx", new IPEndPoint(IPAddress.Loopback, FreePort.Next()), new IPEndPoint(IPAddress.Loopback, FreePort.Next()), gateway);
        await using var nginx = await SeedNginx.StartAsync(certbot.Path, "", SeedNginx.Sites(side, certbot, "3600s", rejects: false), side.Https);
        var setup = new EdgeSetup
        {
            Json = MigrationPage.AppSettings,
            Upstream = gateway.Address,
            Settings = new Dictionary<string, JsonNode?>(StringComparer.Ordinal)
            {
                ["DataDirectory"] = certbot.Store,
                ["Acme:Directory"] = "https://127.0.0.1:9/directory",
                ["Listen:Https"] = new JsonArray(side.Https.ToString()),
                ["Listen:Http"] = new JsonArray(side.Http.ToString()),
            },
        };
        await certbot.ImportAsync(setup);
        await using var socket = await side.ConnectAsync(plain: false, CancellationToken.None);
        var old = new AnswerReader(socket, CancellationToken.None);
        await SendAsync(socket, $"GET /ws HTTP/1.1\r\nHost: {Side.Host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        Assert.Equal("101", (await old.ReadAsync()).Status);
        Assert.Contains("answer server: nginx", (await AskAsync(side)).ToString());

        Assert.Equal(0, (await ExternalTool.RunAsync("kill", ["-QUIT", $"{nginx.Id}"])).ExitCode);
        await UntilRefusedAsync(side.Https);
        await UntilRefusedAsync(side.Http);
        await using var edge = await EdgeProcess.StartAsync(setup);

        var answer = await AskAsync(side);
        Assert.Equal("200", answer.Status);
        Assert.DoesNotContain("answer server", answer.ToString());
        await SendAsync(socket, Frame);
        Assert.Equal(Frame, await old.ReadAsync(Frame.Length));
        await socket.DisposeAsync();
        await nginx.WaitForExitAsync(Patience);
    }

    static Task<Observation> AskAsync(Side side) => side.ExchangeAsync($"GET /api HTTP/1.1\r\nHost: {Side.Host}\r\n\r\n");

    static async Task SendAsync(Stream stream, string text) => await stream.WriteAsync(Encoding.Latin1.GetBytes(text));

    static async Task UntilRefusedAsync(IPEndPoint address)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            try
            {
                using var client = await RawClient.ConnectAsync(address);
            }
            catch (SocketException)
            {
                return;
            }

            await timer.WaitForNextTickAsync(limit.Token);
        }
    }
}
