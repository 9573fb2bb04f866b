using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Scenarios.Acme;
using ImGateway.Testing;
using Microsoft.Playwright;

namespace ImGateway.Edge.Tests.Operations.StatusPage;

/// <summary>The status page of running edges, in Chromium.</summary>
public sealed class StatusPageTests(Browser browser) : IClassFixture<Browser>
{
    const string Host = "gateway.test";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_healthy_edge_shows_certificates_version_and_sockets_and_its_numbers_move_by_themselves()
    {
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup { Upstream = upstream.Address });
        using var root = edge.DevelopmentRoot();
        var client = new EdgeClient(edge.Https, root);
        using var first = await client.OpenWebSocketAsync(Host);
        using var second = await client.OpenWebSocketAsync(Host);
        var status = JsonNode.Parse(await (await edge.GetManagementAsync("/api/status")).Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;

        await using var tab = await browser.OpenAsync(Page(edge));
        await tab.ShowsAsync("#health", "Ready");
        await tab.ShowsAsync("#health", $"Version {(string)status["version"]!}");
        await tab.ShowsAsync("#health", (string)status["openSsl"]!);
        await tab.ShowsAsync("#health", "All 3 hosts have a valid certificate.");
        await tab.ShowsAsync("#certificates", Host);
        await tab.ShowsAsync("#certificates", "P256");
        await tab.ShowsAsync("#certificates", "self-signed");
        await Assertions.Expect(tab.Page.GetByRole(AriaRole.Meter, new() { Name = $"Life of the certificate of {Host}" })).ToBeVisibleAsync();
        await tab.ShowsAsync("#tiles", "WebSockets 2 open");
        await tab.ShowsAsync("#tls", "100 % of handshakes are TLS 1.3");
        await tab.ShowsAsync("#upstreams", upstream.Address.GetLeftPart(UriPartial.Authority));
        await tab.ShowsAsync("#configuration", "In force");
        await tab.ShowsAsync("#audit", "Renewed");

        // The page is not reloaded: its state stays.
        await tab.Page.EvaluateAsync("window.mark = 1");
        await tab.ShowsAsync("#tiles", "2 in all");
        for (var i = 0; i < 3; i++) await client.ServedSerialAsync(Host);
        using var answer = await client.GetAsync(Host, "/api/x");
        await tab.ShowsAsync("#tiles", "6 in all");
        await tab.ShowsAsync("#requests", "/api");
        first.Abort();
        await tab.ShowsAsync("#tiles", "WebSockets 1 open");
        Assert.Equal(1, await tab.Page.EvaluateAsync<int>("window.mark"));

        Assert.Empty(tab.Complaints);
        Assert.All(tab.Requests, request => Assert.Equal(edge.Management.ToString(), request.Authority));
        Assert.Equal(["/", "/api/status"], tab.Requests.Select(request => request.AbsolutePath).Distinct());
    }

    [Fact]
    public async Task A_certificate_that_is_not_renewed_shows_why_and_how_often()
    {
        await using var edge = await CaEdge.StartAsync(new ScriptableCaOptions(), new EdgeSetup { Hosts = [Host] });
        await using var tab = await browser.OpenAsync(edge.Management);
        await tab.ShowsAsync("#health", "The host has a valid certificate.");

        edge.Ca.Fail(CaOperation.NewOrder, CaFault.UserActionRequired, CaFault.UserActionRequired);
        await edge.RenewAsync(Host);
        await tab.ShowsAsync("#certificates", "1 failure in a row");
        await edge.RenewAsync(Host);

        await tab.ShowsAsync("#certificates", "2 failures in a row");
        await tab.ShowsAsync("#certificates", "Renewal failing");
        await tab.ShowsAsync("#certificates .trouble", "userActionRequired");
        await tab.ShowsAsync("#certificates", "Next attempt in ");
        await tab.ShowsAsync("#health", "Ready, but see to this");
        await tab.ShowsAsync("#health", $"{Host}: renewal failed 2 times in a row; 90 days left");
        await tab.ShowsAsync("#audit .failed >> nth=0", "Renewal failed");
        Assert.Empty(tab.Complaints);
    }

    [Fact]
    public async Task An_edge_that_is_not_ready_says_why_in_plain_words()
    {
        await using var edge = await CaEdge.StartListeningAsync(
            new ScriptableCaOptions(), new EdgeSetup { Hosts = [Host] }, ca => ca.Fail(CaOperation.NewOrder, CaFault.UserActionRequired));

        await using var tab = await browser.OpenAsync(edge.Management);

        await tab.ShowsAsync("#health", "Not ready");
        await tab.ShowsAsync("#health", $"{Host} has no certificate yet: its TLS connections are refused.");
        await tab.ShowsAsync("#certificates", "No certificate");
        await tab.ShowsAsync("#certificates .trouble", "userActionRequired");
        await tab.ShowsAsync("#certificates", "1 failure in a row");
        await Assertions.Expect(tab.Page).ToHaveTitleAsync($"Not ready · {Host} · ImGateway Edge");
        Assert.Empty(tab.Complaints);
    }

    [Fact]
    public async Task A_drain_shows_its_progress_and_at_last_that_the_edge_has_stopped()
    {
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup
        {
            Hosts = [Host],
            Upstream = upstream.Address,
            Settings = new Dictionary<string, JsonNode?> { ["Drain:Timeout"] = "00:02:00" },
        });
        using var root = edge.DevelopmentRoot();
        using var limit = new CancellationTokenSource(Patience);
        var sockets = new List<LeanWebSocket>();
        for (var i = 0; i < 3; i++) sockets.Add(await LeanWebSocket.OpenAsync(edge.Https, TlsWire.Options(Host, root), limit.Token));
        await using var tab = await browser.OpenAsync(Page(edge));
        await tab.ShowsAsync("#tiles", "WebSockets 3 open");
        await Assertions.Expect(tab.Page.Locator("#drain")).ToBeHiddenAsync();

        // Two of them stay until they have answered the Close.
        edge.Signal(PosixSignal.SIGTERM);
        await sockets[0].UntilEndAsync(limit.Token);

        await tab.ShowsAsync("#health", "Draining");
        await tab.ShowsAsync("#drain", "1 of 3 WebSockets closed, 2 left.");
        await tab.ShowsAsync("#drain [aria-current]", "Clients go");
        Assert.Equal("1/3", await tab.Page.Locator("#drain progress").EvaluateAsync<string>("bar => `${bar.value}/${bar.max}`"));
        Assert.Empty(tab.Complaints);

        foreach (var socket in sockets) await socket.UntilEndAsync(limit.Token);
        Assert.Equal(0, await edge.WaitForExitAsync(Patience));
        await tab.ShowsAsync("#stale", "The edge cannot be reached: it does not answer.");
        await tab.ShowsAsync("#stale", " s ago; what stands below is from then.");
        await Assertions.Expect(tab.Page).ToHaveTitleAsync($"No connection · {Host} · ImGateway Edge");
        foreach (var socket in sockets) await socket.DisposeAsync();
    }

    static Uri Page(EdgeProcess edge) => new($"http://{edge.Management}/");
}
