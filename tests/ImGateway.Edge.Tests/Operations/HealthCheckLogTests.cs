using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations;

/// <summary>What active health checks log: a line at each change, and nothing at a probe that finds what the last one found.</summary>
public sealed class HealthCheckLogTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_destination_that_is_down_is_one_line_until_it_is_up_again()
    {
        var port = FreePort.Next();
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup
        {
            Upstream = new Uri($"http://127.0.0.1:{port}"),
            Json = """
                {
                  "Edge": { "Hosts": ["gateway.test"], "Certificates": { "Source": "SelfSigned", "AllowSelfSigned": true } },
                  "ReverseProxy": { "Clusters": { "gateway": { "HealthCheck": { "Active": { "Enabled": true, "Interval": "00:00:00.1", "Timeout": "00:00:02", "Path": "/health" } } } } }
                }
                """,
        });
        await edge.WaitForLogAsync(IsAboutUpstream, Patience);
        using var limit = new CancellationTokenSource(Patience);
        for (var probes = new HashSet<string>(); probes.Count < 6; limit.Token.ThrowIfCancellationRequested()) probes.Add(await ProbeAsync(edge));

        await using (var gateway = await EchoUpstream.StartAsync(port)) await edge.WaitForLogAsync(line => line.Message.Contains("is healthy again", StringComparison.Ordinal), Patience);
        var recovered = edge.Log.Lines.ToList().FindIndex(line => line.Message.Contains("is healthy again", StringComparison.Ordinal));
        await edge.WaitForLogAsync(IsAboutUpstream, Patience, from: recovered + 1);

        var lines = edge.Log.Lines.Where(IsAboutUpstream).Select(line => line.Message).ToList();
        Assert.Equal(3, lines.Count);
        lines[0].AssertSays($"Upstream http://127.0.0.1:{port}/ ", "unhealthy", "active check", ": Connection refused");
        lines[1].AssertSays($"Upstream http://127.0.0.1:{port}/ ", " healthy again", "active check");
        lines[2].AssertSays($"Upstream http://127.0.0.1:{port}/ ", "unhealthy", "active check");
        Assert.DoesNotContain(edge.Log.Lines, line => line["@x"] is not null);
        Assert.DoesNotContain(edge.Log.Lines, line => line["SourceContext"]?.StartsWith("Yarp", StringComparison.Ordinal) == true);
    }

    static bool IsAboutUpstream(LogLine line) => line.Message.StartsWith("Upstream http://", StringComparison.Ordinal);

    /// <returns>When the last probe was.</returns>
    static async Task<string> ProbeAsync(EdgeProcess edge)
    {
        using var answer = await edge.GetManagementAsync("/api/status");
        var status = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        return (string?)status["upstreams"]![0]!["lastProbe"]?["at"] ?? "";
    }
}
