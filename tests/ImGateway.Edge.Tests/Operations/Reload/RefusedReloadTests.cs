using System.Net;
using System.Text.Json.Nodes;

namespace ImGateway.Edge.Tests.Operations.Reload;

/// <summary>A file that is no configuration keeps the last good one.</summary>
public sealed class RefusedReloadTests
{
    const string Successful = "imgw_config_last_reload_successful", SucceededAt = "imgw_config_last_reload_success_timestamp_seconds";

    [Fact]
    public async Task What_is_wrong_is_reported_line_by_line_and_the_last_good_one_stays()
    {
        await using var edge = await ReloadingEdge.StartAsync();
        var atStart = await edge.Process.GetMetricsAsync();
        Assert.Equal(1, atStart.Sum(Successful));
        Assert.True(atStart.Sum(SucceededAt) > 1.7e9);
        await edge.ChangeAsync(("Headers:FrameOptions", "SAMEORIGIN"));

        await RefusedAsync(() => edge.WriteTextAsync("{ \"Edge\": "), "correct the JSON");
        await RefusedAsync(() => edge.WriteAsync(("Limits:UrlBytes", 0), ("Routes", new JsonArray("ws"))), "Edge:Limits:UrlBytes: 0 is out of range", "Edge:Routes:0: 'ws' does not begin with /");
        await RefusedAsync(() => edge.WriteAsync((":ReverseProxy:Clusters:gateway:LoadBalancingPolicy", "Fairest")), "ReverseProxy: ", "Fairest");
        await RefusedAsync(() => edge.WriteAsync((":ReverseProxy:Clusters:gateway:HealthCheck:Active:Interval", "soon")), "ReverseProxy: ", "correct the section");
        await RefusedAsync(() => edge.WriteAsync(("Certificates:Files", new JsonArray(new JsonObject { ["Certificate"] = "/nowhere/im.crt" })), ("Hosts", new JsonArray("else.test"))), "/nowhere/im.crt");

        await edge.ChangeAsync(("Headers:FrameOptions", "SAMEORIGIN"), ("AccessLog", false));
        await edge.Process.WaitForMetricsAsync(metrics => metrics.Sum(Successful) == 1 && metrics.Sum(SucceededAt) > atStart.Sum(SucceededAt), ReloadingEdge.Patience);
        await edge.AssertUndisturbedAsync();

        async Task RefusedAsync(Func<Task> write, params string[] expected)
        {
            var lines = await edge.RefusedAsync(write);
            foreach (var part in expected) Assert.Contains(part, lines, StringComparison.Ordinal);
            Assert.Equal(0, (await edge.Process.GetMetricsAsync()).Sum(Successful));
            using var answer = await edge.Client.GetAsync(ReloadingEdge.Gateway, "/api");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal("SAMEORIGIN", answer.Headers.GetValues("X-Frame-Options").Single());
        }
    }

    [Fact]
    public async Task A_file_that_is_still_being_written_is_no_error()
    {
        await using var edge = await ReloadingEdge.StartAsync();
        await edge.WriteAsync(("Headers:FrameOptions", "SAMEORIGIN"));
        var whole = await File.ReadAllTextAsync(edge.Process.ConfigFile, TestContext.Current.CancellationToken);
        await edge.LineAsync("Configuration reloaded by");
        var from = edge.Process.Log.Lines.Count;
        whole = whole.Replace("SAMEORIGIN", "DENY", StringComparison.Ordinal);

        await File.WriteAllTextAsync(edge.Process.ConfigFile, whole[..(whole.Length / 2)], TestContext.Current.CancellationToken);
        await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(edge.Process.ConfigFile, whole, TestContext.Current.CancellationToken);

        await edge.LineAsync("Configuration reloaded by", from);
        Assert.DoesNotContain(edge.Process.Log.Lines, line => line["@l"] == "Error");
        await edge.AssertUndisturbedAsync();
    }

    [Fact]
    public async Task What_needs_a_restart_is_warned_about_and_the_rest_is_taken_in()
    {
        await using var edge = await ReloadingEdge.StartAsync();

        await edge.ChangeAsync(("Listen:Https", new JsonArray("127.0.0.1:1")), ("Hostss", "x"), ("Headers:FrameOptions", "SAMEORIGIN"));

        var warnings = edge.Process.Log.Lines.Where(line => line["@l"] == "Warning").Select(line => line.Message).ToList();
        Assert.Contains(warnings, warning => warning.StartsWith("Edge:Listen:Https: changed", StringComparison.Ordinal) && warning.Contains("; restart imgw", StringComparison.Ordinal));
        Assert.Contains(warnings, warning => warning.StartsWith("Edge:Hostss: unknown key", StringComparison.Ordinal));
        using var answer = await edge.Client.GetAsync(ReloadingEdge.Gateway, "/api");
        Assert.Equal("SAMEORIGIN", answer.Headers.GetValues("X-Frame-Options").Single());
        await edge.AssertUndisturbedAsync();
    }
}
