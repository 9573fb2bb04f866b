using System.Globalization;
using System.Text.Json;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Hostile;

/// <summary>Whatever a client says, the running edge writes whole JSON lines of printable text.</summary>
public sealed class LogInjectionTests(TlsFixture tls)
{
    const string Forged = "\r\n{\"@t\":\"2026-01-01T00:00:00Z\",\"@m\":\"forged\"}\r\n\x1b[2J\x1b]0;x\x07";

    /// <summary>Line separator, right-to-left override and CSI in UTF-8, one octet after the other.</summary>
    const string Steering = "\xe2\x80\xa8\xe2\x80\xae\xc2\x9b" + "2J\x9b" + "2J";

    static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Nothing_that_a_client_says_starts_a_line_or_steers_a_terminal()
    {
        await using var edge = await EdgeProcess.StartAsync(tls.Setup(TestedEngines.Default));
        var lines = edge.Log.Lines.Count;

        // 1. Where there is no HTTP yet: names, and bytes that are no hello.
        await new RawHello { ServerName = "evil" + Forged }.SendAsync(edge.Https);
        await new RawHello { ServerName = "evil\x1b[2J.test", Alpn = ["h2\r\nforged"] }.SendAsync(edge.Https);
        (await RawClient.ConnectAsync(edge.Https)).Dispose();
        // 2. HTTP/1.1 on port 80, whose answers are logged too.
        foreach (var request in (string[])
            [
                $"GET /{Steering} HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
                $"GET /x{Forged} HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
                $"GET /x%0d%0a%1b HTTP/1.1\r\nHost: gateway.test\r\nUser-Agent: {Steering}\r\n\r\n",
                $"GET /x HTTP/1.1\r\nHost: gateway.test{Steering}\r\n\r\n",
                $"GET /x HTTP/1.1\r\nHost: gateway.test\r\nUser-Agent: \x1b[2J\x07\x0b\x7f\r\n\r\n",
                $"G\x1bT /x HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
            ])
        {
            using var client = await RawClient.ConnectAsync(edge.Http);
            await client.SendAsync(request);
            client.FinishSending();
            await client.ReadToEndAsync();
        }

        // 3. HTTP/2, which has no line ends to keep to.
        foreach (var (i, block) in ((byte[][])
            [
                H2Headers.Get("/api", ("user-agent", Steering)),
                H2Headers.Get("/api", ("user-agent", "x" + Forged)),
                H2Headers.Get("/api", ("x-forwarded-for", "x" + Forged), ("traceparent", Forged)),
                H2Headers.Get("/nowhere%0d%0a%1b[2J"),
                H2Headers.Get("/x" + Steering),
                H2Headers.Block((":method", "GET"), (":scheme", "https"), (":authority", "x" + Steering), (":path", "/api")),
            ]).Index())
        {
            await using var client = await H2RawClient.ConnectAsync(edge.Https);
            await client.SendAsync(H2Frame.Headers(2 * i + 1, block));
            await client.WaitForAsync(frame => frame.Type is H2Type.Headers or H2Type.RstStream or H2Type.GoAway);
        }

        using var last = await new EdgeClient(edge.Https, tls.Root.Certificate).GetAsync(TlsFixture.Gateway, "/api/last");
        await edge.WaitForLogAsync(line => line["Path"] == "/api/last", Limit, lines);
        Assert.All(edge.Log.Lines.Skip(lines), line =>
        {
            using var json = JsonDocument.Parse(line.Text);
            Assert.NotEqual("forged", json.RootElement.GetProperty("@m").GetString());
            Assert.DoesNotContain(line.Text, Steers);
        });
        Assert.Contains(edge.Log.Lines, line => line["UserAgent"] is not null);
        Assert.Empty(edge.Errors.Lines);
    }

    static bool Steers(char c) => char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
