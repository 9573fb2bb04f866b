using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ImGateway.Edge.Tests.Scenarios.RawTls;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Load;

/// <summary>
/// Connections that end after one message, with full and with resumed handshakes, while the certificate is swapped and the configuration is reloaded: nothing of them
/// may stay. Some thousands here, a million by <c>tests/long/short-connections</c>.
/// </summary>
[Collection(typeof(SequentialTests))]
public sealed partial class ShortConnectionsTests
{
    const string Host = "gateway.test";
    const int AtATime = 32, LeastRounds = 4;
    const double MiB = 1024 * 1024;

    /// <summary>Fewer samples have no trend.</summary>
    const int SamplesForTrend = 60;

    static readonly int Count = int.Parse(Environment.GetEnvironmentVariable("IMGW_SHORT_CONNECTIONS") ?? "2000", CultureInfo.InvariantCulture);
    static readonly int RoundSeconds = Count > 100_000 ? 5 : 1;
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task Nothing_stays_of_short_connections_during_swaps_and_reloads(TestedEngine engine)
    {
        // 1. An edge, its gateway, and its certificate's files.
        using var directory = new TemporaryDirectory();
        var (load, memory) = (await CompileAsync(directory, "wsload"), await OpenSslMemory.CompileAsync(directory));
        await using var upstream = await EchoUpstream.StartAsync();
        using var ca = TestCa.Create("Short Root");
        using var first = ca.Issue(Host);
        var files = await SwappedFiles.CreateAsync(SwapStyle.Rename, directory["tls"], first);
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup
        {
            Hosts = [Host],
            Engine = engine,
            Upstream = upstream.Address,
            Files = [files.File],
            Environment = memory.Environment,
            Settings = new Dictionary<string, JsonNode?> { ["AccessLog"] = false },
        });

        // 2. Rounds of connections, each with a swap and a reload. A quarter of them is for what is allocated once: code, pools, caches.
        var started = Stopwatch.GetTimestamp();
        List<SoakSample> samples = [];
        HeldResources? before = null;
        var (connections, resumed) = (0, 0);
        for (var round = 1; connections < Count || round <= LeastRounds; round++)
        {
            var loading = ExternalTool.RunAsync(load, [round % 2 == 0 ? "resume" : "storm", $"{edge.HttpsPort}", $"{AtATime}", $"{RoundSeconds}"]);
            using var next = ca.Issue(Host);
            await files.SwapAsync(next);
            await SoakTests.ReloadAsync(edge);
            var loaded = Loaded.Of(await loading);
            Assert.True(loaded is { Failed: 0, Succeeded: > 0 }, $"round {round}: {loaded}");
            (connections, resumed) = (connections + loaded.Succeeded, resumed + loaded.Resumed);
            await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_certificate_swaps_total") >= round, Patience);
            if (before is null && connections >= Count / 4 && round >= LeastRounds / 2) before = await HeldResources.AtRestAsync(edge, upstream.Address.Port, memory, Patience);
            samples.Add(SoakSample.Of(await edge.GetMetricsAsync(), Stopwatch.GetElapsedTime(started)));
        }

        // 3. Nothing of them stays.
        var after = await HeldResources.AtRestAsync(
            edge, upstream.Address.Port, memory, Patience, after => after.Files <= before!.Files && after.OpenSslBytes <= before.OpenSslBytes + MiB / 2);
        TestContext.Current.SendDiagnosticMessage(
            $"{engine}: {connections} connections, {resumed} of them resumed, and {samples.Count} swaps in {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s; before: {before}; after: {after}");
        foreach (var sample in samples.Where((_, i) => i % Math.Max(1, samples.Count / 20) == 0)) TestContext.Current.SendDiagnosticMessage($"{sample}");
        Assert.True(resumed > 0, "no session was resumed");
        Assert.True(memory.Allocations > connections, "OpenSSL has not allocated by the functions that check it");
        Assert.Equal((0, 0), (after.Connections, after.Handshakes));
        Assert.True(after.Files <= before!.Files, $"{before.Files} descriptors before, {after.Files} after");
        Assert.True(after.OpenSslBytes <= before.OpenSslBytes + MiB / 2, $"{before.OpenSslBytes} bytes of OpenSSL before, {after.OpenSslBytes} after");
        Assert.Equal(1, (await edge.GetMetricsAsync()).Sum("imgw_config_last_reload_successful"));
        Assert.Empty(SoakLog.Unexpected(edge));
        if (samples.Count >= SamplesForTrend) Assert.Empty(SoakTrend.Growing(samples));
    }

    /// <summary>A program of <c>bench</c>.</summary>
    static async Task<string> CompileAsync(TemporaryDirectory directory, string program)
    {
        var result = await ExternalTool.RunAsync("gcc", ["-O2", "-w", "-o", directory[program], Repository.PathOf("bench", $"{program}.c"), "-lssl", "-lcrypto"]);
        Assert.True(result.ExitCode == 0, result.All);
        return directory[program];
    }

    /// <summary>The last line of <c>wsload</c>.</summary>
    sealed partial record Loaded(int Succeeded, int Failed, int Resumed, string Output)
    {
        public static Loaded Of(ToolResult result)
        {
            var counts = Counts().Match(result.Output);
            Assert.True(counts.Success, result.All);
            return new(Number(counts, "ok"), Number(counts, "failed"), Number(counts, "resumed"), result.All);
        }

        static int Number(Match counts, string name) => int.Parse(counts.Groups[name].Value, CultureInfo.InvariantCulture);

        [GeneratedRegex(@"ok=(?<ok>\d+) failed=(?<failed>\d+) resumed=(?<resumed>\d+)", RegexOptions.ExplicitCapture, 1000)]
        private static partial Regex Counts();
    }
}
