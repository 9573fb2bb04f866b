using System.Net;
using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Operations.StatusPage;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations;

/// <summary>A gateway that is killed, under the default configuration, which has no health check.</summary>
public sealed class FailingGatewayTests(Browser browser) : IClassFixture<Browser>
{
    const string Host = "gateway.test";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task It_is_reported_as_degraded_until_it_answers_again()
    {
        var port = FreePort.Next();
        var gateway = await DemoGatewayProcess.StartAsync(port);
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup { Hosts = [Host], Upstream = new Uri($"http://127.0.0.1:{port}") });
        using var root = edge.DevelopmentRoot();
        using var client = new HttpClient(new EdgeClient(edge.Https, root).Handler());
        await AskAsync(client, edge, 1, HttpStatusCode.OK);
        Assert.Empty((await ReadAsync(edge, "/api/status"))["degraded"]!.AsArray());

        await gateway.DisposeAsync();
        await AskAsync(client, edge, 60, HttpStatusCode.BadGateway);

        var status = await ReadAsync(edge, "/api/status");
        var upstream = status["upstreams"]![0]!;
        Assert.Equal("unhealthy", (string?)upstream["health"]);
        var (attempts, failed) = ((int)upstream["recent"]!["attempts"]!, (int)upstream["recent"]!["failed"]!);
        Assert.InRange(failed, 3, 60);
        Assert.InRange(attempts, failed, 61);
        Assert.NotNull(upstream["recent"]!["failingSince"]);
        Assert.Equal("Connection refused", (string?)upstream["recent"]!["lastError"]);
        var line = (string?)Assert.Single(status["degraded"]!.AsArray());
        line.AssertSays($"upstream http://127.0.0.1:{port}/: ", $"{failed} of {attempts} requests failed", "since ");

        using (var ready = await edge.GetManagementAsync("/readyz"))
        {
            Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
            var report = JsonNode.Parse(await ready.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
            Assert.True((bool)report["ready"]!);
            Assert.StartsWith($"upstream http://127.0.0.1:{port}/: ", (string?)Assert.Single(report["degraded"]!.AsArray()), StringComparison.Ordinal);
        }

        await using var again = await DemoGatewayProcess.StartAsync(port);
        await AskAsync(client, edge, 10, HttpStatusCode.OK);
        status = await ReadAsync(edge, "/api/status");
        Assert.Equal("healthy", (string?)status["upstreams"]![0]!["health"]);
        Assert.Empty(status["degraded"]!.AsArray());
        await edge.WaitForLogAsync(IsAbout("answers again"), Patience);
        Assert.Single(edge.Log.Lines, line => IsAbout("fails: ")(line));

        Func<LogLine, bool> IsAbout(string words) => line => line.Message.StartsWith($"Upstream http://127.0.0.1:{port}/ {words}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_says_what_fails_since_when_and_how_much()
    {
        var port = FreePort.Next();
        var gateway = await DemoGatewayProcess.StartAsync(port);
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup { Hosts = [Host], Upstream = new Uri($"http://127.0.0.1:{port}") });
        using var root = edge.DevelopmentRoot();
        using var client = new HttpClient(new EdgeClient(edge.Https, root).Handler());
        await AskAsync(client, edge, 1, HttpStatusCode.OK);
        await using var tab = await browser.OpenAsync(new Uri($"http://{edge.Management}/"));
        await tab.ShowsAsync("#health", "Nothing needs attention.");

        await gateway.DisposeAsync();
        await AskAsync(client, edge, 60, HttpStatusCode.BadGateway);

        await tab.ShowsAsync("#health", "No upstream is healthy: clients get errors.");
        await tab.ShowsAsync("#health", $"http://127.0.0.1:{port}/ fails since ");
        await tab.ShowsAsync("#health", " requests failed in the last minute");
        await tab.ShowsAsync("#upstreams", "Unhealthy");
        await tab.ShowsAsync("#upstreams", "Connection refused");
        Assert.DoesNotContain("Nothing needs attention", await tab.TextAsync("#health"), StringComparison.Ordinal);
        Assert.Equal("bad", await tab.Page.Locator("#health .verdict").GetAttributeAsync("data-kind"));
        Assert.Equal(0, await tab.OverflowAsync());
        Assert.Empty(tab.Complaints);
    }

    static async Task AskAsync(HttpClient client, EdgeProcess edge, int count, HttpStatusCode expected)
    {
        for (var i = 0; i < count; i++)
        {
            using var answer = await client.GetAsync(new Uri($"https://{Host}:{edge.HttpsPort}/health"), TestContext.Current.CancellationToken);
            Assert.Equal(expected, answer.StatusCode);
        }
    }

    static async Task<JsonNode> ReadAsync(EdgeProcess edge, string path)
    {
        using var answer = await edge.GetManagementAsync(path);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
    }
}
