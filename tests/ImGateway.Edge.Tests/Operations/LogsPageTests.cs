using System.Net;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using ImGateway.Edge.Operations;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;
using Microsoft.Extensions.Configuration;

namespace ImGateway.Edge.Tests.Operations;

/// <summary>What docs/logs.md promises, by lines of a running edge.</summary>
public sealed class LogsPageTests(TlsFixture tls)
{
    const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Every_field_of_a_line_is_on_the_page_and_every_field_on_the_page_in_a_line()
    {
        await using var upstream = RecordingUpstream.Start(AnswerAsync);
        await using var edge = await EdgeProcess.StartAsync(tls.Setup(TestedEngines.Default) with { Upstream = upstream.Address });
        var client = new EdgeClient(edge.Https, tls.Root.Certificate);

        // 1. A request with all that a request can have.
        using (var agent = new HttpClient(client.Handler()))
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"https://gateway.test:{edge.HttpsPort}/api/first?token=secret");
            request.Headers.TryAddWithoutValidation("User-Agent", "phone/1.0");
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer secret");
            request.Headers.TryAddWithoutValidation("Cookie", "session=secret");
            request.Headers.TryAddWithoutValidation("traceparent", $"00-{TraceId}-00f067aa0ba902b7-01");
            using var answer = await agent.SendAsync(request);
        }

        // 2. One that the edge answers, one on port 80, one by another host of the connection's certificate, one whose client leaves.
        using (await client.GetAsync(TlsFixture.Gateway, "/nowhere"))
        using (var plain = await RawClient.ConnectAsync(edge.Http))
        {
            await plain.SendAsync("GET /plain HTTP/1.1\r\nHost: gateway.test\r\n\r\n");
            await plain.ReadResponseAsync();
        }

        await using (var shared = await TlsWire.ConnectAsync(edge.Https, TlsWire.Options("alpha.test", tls.Root.Certificate), CancellationToken.None))
        {
            await shared.SendAsync("GET /api/shared HTTP/1.1\r\nHost: beta.test\r\n\r\n", CancellationToken.None);
            await shared.ReadHeadAsync(CancellationToken.None);
        }

        await using (var leaving = await TlsWire.ConnectAsync(edge.Https, TlsWire.Options(TlsFixture.Gateway, tls.Root.Certificate), CancellationToken.None))
        {
            await leaving.SendAsync("GET /api/hang HTTP/1.1\r\nHost: gateway.test\r\n\r\n", CancellationToken.None);
            await Until(() => upstream.Requests.Any(head => head.StartsWith("GET /api/hang", StringComparison.Ordinal)));
        }

        // 3. A WebSocket.
        using (var socket = await client.OpenWebSocketAsync(TlsFixture.Gateway))
        {
            await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            await socket.ReceiveAsync(new byte[100].AsMemory(), CancellationToken.None);
            await socket.CloseAsync((WebSocketCloseStatus)4001, null, CancellationToken.None);
        }

        List<JsonElement> lines = [];
        foreach (var path in (string[])["/api/first?…", "/nowhere", "/plain", "/api/shared", "/api/hang", "/ws"])
        {
            var line = await edge.WaitForLogAsync(line => line["SourceContext"] == AccessLog.Source && line["Path"] == path, Patience);
            TestContext.Current.TestOutputHelper?.WriteLine(line.Text);
            Assert.DoesNotContain("secret", line.Text);
            lines.Add(JsonElement.Parse(line.Text));
        }

        var found = lines.SelectMany(line => line.EnumerateObject()).GroupBy(field => field.Name, field => TypeOf(field.Value), StringComparer.Ordinal);
        Assert.Equal(
            LogsPage.AccessLog.Select(field => $"{field.Name}: {field.Type}").Order(StringComparer.Ordinal),
            found.Select(field => $"{field.Key}: {(field.Key == "Resumed" ? "true or false" : field.Distinct().Single())}").Order(StringComparer.Ordinal));
        Assert.All(lines, line => Assert.All(LogsPage.AccessLog.Where(field => field.IsAlways), field => Assert.True(line.TryGetProperty(field.Name, out _), $"{line} has no {field.Name}")));

        // 4. The values that only a whole edge has.
        var (first, ws, shared2) = (lines[0], lines[5], lines[3]);
        Assert.Equal(TraceId, first.GetProperty("RequestId").GetString());
        Assert.Contains(TraceId, upstream.Requests.Single(head => head.StartsWith("GET /api/first", StringComparison.Ordinal)));
        Assert.Equal(upstream.Address.AbsoluteUri, first.GetProperty("Upstream").GetString());
        Assert.InRange(first.GetProperty("UpstreamMs").GetDouble(), 0, first.GetProperty("DurationMs").GetDouble());
        Assert.Equal("alpha.test", shared2.GetProperty("TlsHost").GetString());
        Assert.Equal(("client", 4001), (ws.GetProperty("ClosedBy").GetString(), ws.GetProperty("CloseCode").GetInt32()));
        Assert.StartsWith("TLS_", first.GetProperty("Cipher").GetString());
        Assert.Contains($"-{ws.GetProperty("RequestId").GetString()}-", upstream.Requests.Single(head => head.StartsWith("GET /ws", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_event_that_needs_somebody_is_explained_and_none_that_does_not_exist()
    {
        var source = LogsPage.SourceEvents.ToHashSet();
        Assert.True(source.Count > 50, $"only {source.Count} events found in the source");

        Assert.Empty(source.Where(known => known.Level is not ("Information" or "Debug")).Except(LogsPage.Events));
        Assert.Empty(LogsPage.Events.Except(source));
    }

    [Fact]
    public async Task Even_where_everything_is_logged_no_secret_is()
    {
        var json = new JsonObject
        {
            ["Serilog"] = new JsonObject
            {
                ["MinimumLevel"] = new JsonObject
                {
                    ["Default"] = "Verbose",
                    ["Override"] = new JsonObject { ["Microsoft"] = "Verbose", ["System"] = "Verbose", ["Yarp"] = "Verbose" },
                },
            },
        };
        await using var upstream = RecordingUpstream.Start(AnswerAsync);
        var setup = tls.Setup(TestedEngines.Default);
        await using var edge = await EdgeProcess.StartAsync(setup with
        {
            Upstream = upstream.Address,
            Json = json.ToJsonString(),
            Settings = new Dictionary<string, JsonNode?>(StringComparer.Ordinal)
            {
                ["Hosts"] = new JsonArray([.. setup.Hosts.Select(host => (JsonNode?)host)]),
                ["Certificates:Source"] = "Files",
            },
        });
        const string Headers = "Host: gateway.test\r\nAuthorization: Bearer s3cret\r\nCookie: session=s3cret\r\nX-Api-Key: s3cret\r\n";
        foreach (var request in (string[])
            [
                $"GET /api/first?token=s3cret HTTP/1.1\r\n{Headers}\r\n",
                $"POST /api/body?token=s3cret HTTP/1.1\r\n{Headers}Content-Length: 6\r\n\r\ns3cret",
                $"GET /nowhere?token=s3cret HTTP/1.1\r\n{Headers}\r\n",
            ])
        {
            await using var wire = await TlsWire.ConnectAsync(edge.Https, TlsWire.Options(TlsFixture.Gateway, tls.Root.Certificate), CancellationToken.None);
            await wire.SendAsync(request, CancellationToken.None);
            await wire.ReadHeadAsync(CancellationToken.None);
        }

        using (await new EdgeClient(edge.Https, tls.Root.Certificate).GetAsync(TlsFixture.Gateway, "/api/second?token=s3cret", HttpVersion.Version20))
        {
            await edge.WaitForLogAsync(line => line["Path"] == "/api/second?…", Patience);
        }

        Assert.Contains(edge.Log.Lines, line => line["@l"] is "Debug" or "Verbose");
        Assert.DoesNotContain(edge.Log.Lines, line => line.Text.Contains("s3cret", StringComparison.Ordinal));
        Assert.Contains(upstream.Requests, head => head.Contains("s3cret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Settings_on_the_page_work()
    {
        foreach (var example in LogsPage.Examples.Where(example => example.Contains("\"Serilog\"", StringComparison.Ordinal)))
        {
            using var directory = new TemporaryDirectory();
            var configuration = new ConfigurationBuilder()
                .AddJsonStream(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(example.Replace("/var/log/imgw", directory.Path, StringComparison.Ordinal))))
                .Build();
            using var standard = new MemoryStream();
            await using (var log = LoggerSetup.CreateLogger(configuration, readable: false, colours: false, standard))
            {
                if (!example.Contains("\"File\"", StringComparison.Ordinal)) continue;
                log.Information("hello {Name}", "\u009b");
            }

            var line = await File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(directory.Path)));
            Assert.Equal("\u009b", JsonElement.Parse(line).GetProperty("Name").GetString());
            Assert.DoesNotContain('\u009b', line);
            Assert.Equal(0, standard.Length);
        }
    }

    static Task AnswerAsync(UpstreamConnection connection, string head)
    {
        if (head.StartsWith("GET /ws", StringComparison.Ordinal)) return UpstreamScripts.Upgrade(TalkAsync)(connection, head);
        return head.StartsWith("GET /api/hang", StringComparison.Ordinal) ? UpstreamScripts.Hang(connection, head) : UpstreamScripts.Answer("hello")(connection, head);
    }

    /// <summary>Says hello, hears a message and a Close, and closes with 4001.</summary>
    static async Task TalkAsync(UpstreamConnection connection)
    {
        await connection.SendAsync("\u0081\u0005hello");
        for (var missing = "hello".Length + 6 + 2 + 6; missing > 0 && await connection.ReadAsync() is { Length: > 0 } heard;) missing -= heard.Length;
        await connection.SendAsync("\u0088\u0002\u000f\u00a1");
        connection.Close();
    }

    static string TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => "text",
        JsonValueKind.Number => "number",
        JsonValueKind.True => "true",
        var other => other.ToString(),
    };

    static async Task Until(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!condition()) await timer.WaitForNextTickAsync(limit.Token);
    }
}
