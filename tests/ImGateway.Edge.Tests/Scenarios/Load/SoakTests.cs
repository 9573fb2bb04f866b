using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Load;

/// <summary>
/// Everything that happens to an edge in a month, at once: mixed traffic, certificates swapped, the configuration reloaded, the gateway
/// restarted. For some seconds here, for a quarter of an hour by <c>tests/long/soak</c>.
/// </summary>
[Collection(typeof(SequentialTests))]
public sealed class SoakTests
{
    const string Host = "gateway.test";

    /// <summary>Fewer samples have no trend: the short form only proves that nothing fails.</summary>
    const int SamplesForTrend = 60;

    static readonly TimeSpan Duration = TimeSpan.FromSeconds(double.Parse(Environment.GetEnvironmentVariable("IMGW_SOAK_SECONDS") ?? "20"));
    static readonly TimeSpan SampleEvery = TimeSpan.FromSeconds(2), SwapEvery = TimeSpan.FromSeconds(3), ReloadEvery = TimeSpan.FromSeconds(4), RestartEvery = TimeSpan.FromSeconds(7);
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Mixed_traffic_swaps_reloads_and_restarts_of_the_gateway_leak_nothing_and_log_nothing_unexpected()
    {
        // 1. An edge, its gateway, and its certificate's files.
        using var directory = new TemporaryDirectory();
        using var ca = TestCa.Create("Soak Root");
        using var first = ca.Issue(Host);
        var files = await SwappedFiles.CreateAsync(SwapStyle.Rename, directory["tls"], first);
        await using var upstream = await RestartingUpstream.StartAsync();
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup
        {
            Hosts = [Host],
            Upstream = upstream.Address,
            Files = [files.File],
            Settings = new Dictionary<string, JsonNode?> { ["AccessLog"] = false, ["HoldWhileDown"] = "00:00:30" },
        });
        await File.WriteAllTextAsync(directory["root.pem"], ca.Pem);
        var failures = new ConcurrentQueue<string>();
        var traffic = new SoakTraffic(edge, new EdgeClient(edge.Https, ca.Certificate), Host, directory, upstream.Outages, failures.Enqueue);

        // 2. Traffic and disturbances until the time is up.
        using var end = new CancellationTokenSource();
        var running = traffic.Start(end.Token);
        running.Add(EveryAsync(SwapEvery, () => SwapAsync(files, ca), end.Token));
        running.Add(EveryAsync(ReloadEvery, () => ReloadAsync(edge), end.Token));
        running.Add(EveryAsync(RestartEvery, upstream.RestartAsync, end.Token));
        var samples = await SampleAsync(edge, Duration);
        await end.CancelAsync();
        await Task.WhenAll(running);

        // 3. All clients have left: sockets are closed, and what they held is released.
        await edge.WaitForMetricsAsync(it => it.Sum("imgw_websocket_connections") == 0, Patience);
        await upstream.StopAsync();
        var metrics = await edge.WaitForMetricsAsync(it => it.Sum("process_open_fds") <= samples[0].OpenFiles + SoakTraffic.Connections, Patience);

        // 4. What came of it.
        Report(traffic, metrics, samples);
        Assert.Empty(failures);
        Assert.True(traffic.Happened, $"{traffic}");
        Assert.True(upstream.Restarts > 0, "the gateway was never restarted");
        Assert.True(metrics.Sum("imgw_certificate_swaps_total") >= Duration / SwapEvery / 2, $"{metrics.Sum("imgw_certificate_swaps_total")} swaps");
        var reloads = edge.Log.Lines.Count(line => line.Message.StartsWith("Configuration reloaded by", StringComparison.Ordinal));
        Assert.True(reloads >= Duration / ReloadEvery / 2, $"{reloads} reloads");
        Assert.Equal(1, metrics.Sum("imgw_config_last_reload_successful"));
        Assert.True(metrics.Sum("imgw_tls_handshakes_total", ("resumed", "true")) > 0, "no session was resumed");
        Assert.Empty(SoakLog.Unexpected(edge));
        if (samples.Count >= SamplesForTrend) Assert.Empty(SoakTrend.Growing(samples));
    }

    /// <summary>At the same distance each, whatever a sample takes.</summary>
    static async Task<List<SoakSample>> SampleAsync(EdgeProcess edge, TimeSpan duration)
    {
        var samples = new List<SoakSample>();
        var started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(SampleEvery);
        while (Stopwatch.GetElapsedTime(started) < duration)
        {
            samples.Add(SoakSample.Of(await edge.GetMetricsAsync(), Stopwatch.GetElapsedTime(started)));
            await timer.WaitForNextTickAsync();
        }

        return samples;
    }

    static async Task SwapAsync(SwappedFiles files, TestCa ca)
    {
        using var next = ca.Issue(Host);
        await files.SwapAsync(next);
    }

    /// <summary>Another header each time.</summary>
    internal static async Task ReloadAsync(EdgeProcess edge)
    {
        var configuration = JsonNode.Parse(await File.ReadAllTextAsync(edge.ConfigFile))!;
        configuration["Edge"]!["Headers"] = new JsonObject { ["Custom"] = new JsonObject { ["X-Soak"] = Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture) } };
        var next = edge.ConfigFile + ".next";
        await File.WriteAllTextAsync(next, configuration.ToJsonString());
        File.Move(next, edge.ConfigFile, overwrite: true);
        edge.Signal(PosixSignal.SIGHUP);
    }

    static async Task EveryAsync(TimeSpan period, Func<Task> disturb, CancellationToken end)
    {
        using var timer = new PeriodicTimer(period);
        try
        {
            while (await timer.WaitForNextTickAsync(end)) await disturb();
        }
        catch (OperationCanceledException)
        {
            // The time is up.
        }
    }

    static void Report(SoakTraffic traffic, Scrape metrics, List<SoakSample> samples)
    {
        TestContext.Current.SendDiagnosticMessage($"{Duration.TotalSeconds:0} s: {traffic}");
        TestContext.Current.SendDiagnosticMessage($"{metrics.Of("imgw_tls_handshakes_total")}\n{metrics.Of("imgw_certificate_swaps_total")}");
        foreach (var sample in samples.Where((_, i) => i % Math.Max(1, samples.Count / 20) == 0)) TestContext.Current.SendDiagnosticMessage($"{sample}");
    }
}
