using System.Net;
using System.Text.Json.Nodes;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations.Reload;

/// <summary>Hosts that come and go while others are served.</summary>
public sealed class HostsTests
{
    const string Gateway = ReloadingEdge.Gateway, Leaving = "leaving.test", Coming = "coming.test";

    [Fact]
    public async Task A_new_host_is_served_from_its_file_and_one_that_goes_is_refused()
    {
        await using var edge = await ReloadingEdge.StartAsync(Leaving);
        var (first, added) = (FilesOf(edge)[0]!, ToJson(edge.Issue(Coming)));
        using var open = new HttpClient(edge.Client.Handler());
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(open, edge, Leaving));

        await edge.ChangeAsync(("Hosts", new JsonArray(Gateway, Coming)), ("Certificates:Files", new JsonArray(first.DeepClone(), added.DeepClone())));

        Assert.Equal(HttpStatusCode.OK, await edge.StatusAsync("/api", Coming));
        Assert.Equal(HttpStatusCode.OK, await edge.StatusAsync("/api"));
        Assert.True((await new RawHello { ServerName = Leaving }.SendAsync(edge.Process.Https)).IsFatalAlert(112));
        // The connection that it was served on is still open; the host is not.
        Assert.Equal(HttpStatusCode.MisdirectedRequest, await StatusAsync(open, edge, Leaving));
        // OCSP follows what is served within a second.
        var metrics = await edge.Process.WaitForMetricsAsync(it => !it.ToString().Contains(Leaving, StringComparison.Ordinal), TimeSpan.FromSeconds(30));
        Assert.Contains(Coming, metrics.Values("ssl_certificate_expiry_seconds", "host"));
        Assert.True(File.Exists(Path.Combine(edge.Process.Directory, "data", "certificates", Leaving, "current.pem")));

        // And back again, from the store.
        await edge.ChangeAsync(("Hosts", new JsonArray(Gateway, Coming, Leaving)), ("Certificates:Files", new JsonArray(first.DeepClone(), added.DeepClone())));
        Assert.Equal(HttpStatusCode.OK, await edge.StatusAsync("/api", Leaving));
        await edge.AssertUndisturbedAsync();
    }

    [Fact]
    public async Task A_file_that_a_reload_has_brought_is_watched()
    {
        await using var edge = await ReloadingEdge.StartAsync();
        var (first, added) = (FilesOf(edge)[0]!, ToJson(edge.Issue(Coming)));
        await edge.ChangeAsync(("Hosts", new JsonArray(Gateway, Coming)), ("Certificates:Files", new JsonArray(first.DeepClone(), added)));
        var before = await edge.Client.ServedSerialAsync(Coming);

        edge.Issue(Coming);

        await edge.Process.WaitForMetricsAsync(metrics => metrics.Sum("imgw_certificate_swaps_total", ("host", Coming)) == 1, ReloadingEdge.Patience);
        Assert.NotEqual(before, await edge.Client.ServedSerialAsync(Coming));
        await edge.AssertUndisturbedAsync();
    }

    [Fact]
    public async Task Sessions_of_hosts_that_stay_resume_over_a_reload()
    {
        await using var edge = await ReloadingEdge.StartAsync(Leaving);
        using var directory = new TemporaryDirectory();
        var session = directory["session.pem"];
        await ConnectAsync("-sess_out", session);

        await edge.ChangeAsync(("Hosts", new JsonArray(Gateway)));

        Assert.Contains("Reused, TLSv1.", await ConnectAsync("-sess_in", session), StringComparison.Ordinal);

        async Task<string> ConnectAsync(params string[] options) => (await ExternalTool.RunAsync(
            ExternalTool.OpenSsl,
            ["s_client", "-connect", edge.Process.Https.ToString(), "-servername", Gateway, "-ign_eof", .. options],
            $"GET /health HTTP/1.1\r\nHost: {Gateway}\r\nConnection: close\r\n\r\n")).Output;
    }

    [Fact]
    public async Task A_host_without_a_certificate_is_refused_with_the_whole_file()
    {
        await using var edge = await ReloadingEdge.StartAsync();

        var lines = await edge.RefusedAsync(() => edge.WriteAsync(("Hosts", new JsonArray(Gateway, Coming)), ("Headers:FrameOptions", "SAMEORIGIN")));

        Assert.Contains(Coming, lines, StringComparison.Ordinal);
        Assert.True((await new RawHello { ServerName = Coming }.SendAsync(edge.Process.Https)).IsFatalAlert(112));
        using var answer = await edge.Client.GetAsync(Gateway, "/api");
        Assert.Equal("DENY", answer.Headers.GetValues("X-Frame-Options").Single());
        await edge.AssertUndisturbedAsync();
    }

    [Fact]
    public async Task A_new_host_is_ordered_at_the_CA_and_no_other()
    {
        await using var upstream = await EchoUpstream.StartAsync();
        await using var ca = await ScriptableCa.StartAsync(new ScriptableCaOptions());
        await using var edge = await EdgeProcess.StartListeningAsync(new EdgeSetup { Hosts = [Gateway], Upstream = upstream.Address, Ca = EdgeCa.Of(ca) });
        await edge.WaitUntilReadyAsync(ReloadingEdge.Patience);
        var client = new EdgeClient(edge.Https, ca.IssuingRoot);
        var serial = await client.ServedSerialAsync(Gateway);
        var file = JsonNode.Parse(await File.ReadAllTextAsync(edge.ConfigFile, TestContext.Current.CancellationToken))!;

        file["Edge"]!["Hosts"] = new JsonArray(Gateway, Coming);
        await File.WriteAllTextAsync(edge.ConfigFile, file.ToJsonString(), TestContext.Current.CancellationToken);

        await edge.WaitForLogAsync(line => line.Message.StartsWith($"{Coming}: serving certificate", StringComparison.Ordinal), ReloadingEdge.Patience);
        using var answer = await client.GetAsync(Coming, "/health");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(serial, await client.ServedSerialAsync(Gateway));
        Assert.Equal(2, ca.CertificatesIssued);
    }

    [Fact]
    public async Task A_new_host_whose_order_fails_leaves_the_edge_ready_and_is_reported_as_degraded()
    {
        await using var ca = await ScriptableCa.StartAsync(new ScriptableCaOptions());
        await using var edge = await EdgeProcess.StartListeningAsync(new EdgeSetup { Hosts = [Gateway], Ca = EdgeCa.Of(ca) });
        await edge.WaitUntilReadyAsync(ReloadingEdge.Patience);
        ca.Fail(CaOperation.NewOrder, CaFault.UserActionRequired);
        var file = JsonNode.Parse(await File.ReadAllTextAsync(edge.ConfigFile, TestContext.Current.CancellationToken))!;

        file["Edge"]!["Hosts"] = new JsonArray(Gateway, Coming);
        await File.WriteAllTextAsync(edge.ConfigFile, file.ToJsonString(), TestContext.Current.CancellationToken);

        await edge.WaitForLogAsync(line => line.Message.StartsWith($"{Coming}: no certificate: ", StringComparison.Ordinal), ReloadingEdge.Patience);
        foreach (var path in (string[])["/readyz", "/api/status"])
        {
            using var answer = await edge.GetManagementAsync(path);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            var health = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
            Assert.True((bool)health["ready"]!);
            Assert.Empty((JsonArray)health["reasons"]!);
            Assert.Contains($"no certificate for {Coming}", health["degraded"]!.AsArray().Select(reason => (string)reason!));
        }

        var check = await EdgeVerb.RunAsync("healthcheck", "--config", edge.ConfigFile);
        Assert.Equal(0, check.ExitCode);
        Assert.Contains($"degraded: no certificate for {Coming}", check.Error, StringComparison.Ordinal);
    }

    static JsonArray FilesOf(ReloadingEdge edge) =>
        (JsonArray)JsonNode.Parse(File.ReadAllText(edge.Process.ConfigFile))!["Edge"]!["Certificates"]!["Files"]!;

    static JsonObject ToJson(CertificateFile file) => new() { ["Certificate"] = file.Certificate, ["Key"] = file.Key };

    static async Task<HttpStatusCode> StatusAsync(HttpClient client, ReloadingEdge edge, string host)
    {
        using var answer = await client.GetAsync(new Uri($"https://{host}:{edge.Process.HttpsPort}/api"), TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }
}
