using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Operations.Reload;

namespace ImGateway.Edge.Tests.Operations;

/// <summary>What <c>/api/status</c> says of things that change while an edge runs.</summary>
public sealed class StatusApiTests
{
    const string Active = ":ReverseProxy:Clusters:gateway:HealthCheck:Active:";

    [Fact]
    public async Task It_follows_probes_of_upstreams_and_readings_of_the_configuration()
    {
        await using var edge = await ReloadingEdge.StartAsync();
        var atStart = await UntilAsync(edge, status => (bool)status["configuration"]!["succeeded"]!);
        Assert.Equal("the start", (string?)atStart["configuration"]!["by"]);
        Assert.Equal("unknown", (string?)atStart["upstreams"]![0]!["active"]);
        Assert.Null(atStart["upstreams"]![0]!["lastProbe"]);
        Assert.Equal(1, (int?)atStart["upstreams"]![0]!["underWay"]);

        await edge.ChangeAsync((Active + "Enabled", true), (Active + "Interval", "00:00:00.1"), (Active + "Path", "/health"));
        var probed = await UntilAsync(edge, status => status["upstreams"]![0]!["lastProbe"] is { } probe && (bool)probe["succeeded"]! && (string?)status["upstreams"]![0]!["health"] == "healthy");
        Assert.Equal("200", (string?)probed["upstreams"]![0]!["lastProbe"]!["result"]);
        Assert.StartsWith("a change of ", (string?)probed["configuration"]!["by"]);
        Assert.Contains("HealthCheck:Active:Path", probed["configuration"]!["changes"]!.ToJsonString(), StringComparison.Ordinal);

        await edge.ChangeAsync((Active + "Enabled", true), (Active + "Interval", "00:00:00.1"), (Active + "Path", "/nowhere"));
        var sick = await UntilAsync(edge, status => (string?)status["upstreams"]![0]!["health"] == "unhealthy");
        Assert.Equal("404", (string?)sick["upstreams"]![0]!["lastProbe"]!["result"]);
        Assert.False((bool)sick["upstreams"]![0]!["lastProbe"]!["succeeded"]!);

        await edge.RefusedAsync(() => edge.WriteAsync(("Limits:UrlBytes", 0)));
        var refused = await UntilAsync(edge, status => !(bool)status["configuration"]!["succeeded"]!);
        Assert.Contains("Edge:Limits:UrlBytes: 0 is out of range", (string?)refused["configuration"]!["problems"]![0], StringComparison.Ordinal);
        Assert.Equal((string?)sick["configuration"]!["inForceSince"], (string?)refused["configuration"]!["inForceSince"]);
    }

    static async Task<JsonNode> UntilAsync(ReloadingEdge edge, Func<JsonNode, bool> condition)
    {
        using var limit = new CancellationTokenSource(ReloadingEdge.Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            using var answer = await edge.Process.GetManagementAsync("/api/status");
            var status = JsonNode.Parse(await answer.Content.ReadAsStringAsync(limit.Token))!;
            if (condition(status)) return status;
            await timer.WaitForNextTickAsync(limit.Token);
        }
    }
}
