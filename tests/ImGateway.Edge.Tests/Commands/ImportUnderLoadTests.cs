using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Commands;

[Collection(typeof(SequentialTests))]
public sealed class ImportUnderLoadTests
{
    const string Host = "gateway.test";
    const int Sockets = 100;

    static readonly TimeSpan Promise = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Import_and_rollback_close_none_of_100_echoing_sockets_and_show_within_two_seconds()
    {
        using var directory = new TemporaryDirectory();
        using var root = TestCa.Create("Load Root");
        using var first = root.Issue(Host);
        using var next = root.Issue(Host);
        var file = next.WriteTo(directory.Path, "next");
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup
        {
            Hosts = [Host],
            Upstream = upstream.Address,
            Files = [first.WriteTo(directory.Path, "first")],
            Settings = new Dictionary<string, JsonNode?> { ["AccessLog"] = false },
        });
        var client = new EdgeClient(edge.Https, root.Certificate);
        using var end = new CancellationTokenSource();
        var failures = new ConcurrentQueue<string>();
        var echoes = Enumerable.Range(0, Sockets).Select(_ => EchoingSocket.SpeakUntilAsync(client, Host, TimeSpan.FromMilliseconds(200), failures.Enqueue, end.Token)).ToList();
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_websocket_connections") == Sockets, TimeSpan.FromSeconds(60));

        await ActAsync(edge, client, next.SerialNumber, "cert", "import", "--cert", file.Certificate, "--key", file.Key!);
        await ActAsync(edge, client, first.SerialNumber, "cert", "rollback", Host);

        Assert.Equal(Sockets, (await edge.GetMetricsAsync()).Sum("imgw_websocket_connections"));
        await end.CancelAsync();
        await Task.WhenAll(echoes);
        Assert.Empty(failures);
    }

    static async Task ActAsync(EdgeProcess edge, EdgeClient client, string serial, params string[] verb)
    {
        var result = await EdgeVerb.RunAsync([.. verb, "--config", edge.ConfigFile]);
        var done = Stopwatch.GetTimestamp();
        Assert.True(result.ExitCode == 0, result.All);
        while (await client.ServedSerialAsync(Host) != serial) Assert.True(Stopwatch.GetElapsedTime(done) < Promise, $"not served {Promise} after {verb[1]}");
    }
}
