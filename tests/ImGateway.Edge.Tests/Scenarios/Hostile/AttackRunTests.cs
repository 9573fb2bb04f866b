using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Hostile;

/// <summary>All attacks at once on one running edge, while an ordinary client goes on: for some seconds here, for as long as its argument says by <c>tests/long/attack</c>.</summary>
[Collection(typeof(SequentialTests))]
public sealed class AttackRunTests(TlsFixture tls)
{
    const int LogLines = 500;
    const double MiB = 1024 * 1024;

    /// <summary>An edge that another program started and checks: it is attacked, and nothing else (<c>bench/attacked</c>).</summary>
    static readonly IPEndPoint? Target = Environment.GetEnvironmentVariable("IMGW_ATTACK_TARGET") is { } target ? IPEndPoint.Parse(target) : null;

    static readonly TimeSpan Duration = TimeSpan.FromSeconds(double.Parse(Environment.GetEnvironmentVariable("IMGW_ATTACK_SECONDS") ?? "8", CultureInfo.InvariantCulture));
    static readonly IReadOnlyList<Attack> Attacks = Chosen(Environment.GetEnvironmentVariable("IMGW_ATTACK_NAME") ?? "");

    static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);
    static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);

    /// <summary>Attackers that share the machine's cores with the edge would else measure only themselves.</summary>
    static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(500);

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly ConcurrentQueue<string> _failures = new();
    readonly ConcurrentDictionary<string, int> _rounds = new();

    [Fact]
    public async Task An_ordinary_client_is_served_under_all_attacks_and_nothing_of_them_stays()
    {
        if (Target is not null)
        {
            await AttackAsync(Target);
            return;
        }

        var setup = tls.Setup(TestedEngines.Default) with
        {
            Settings = new Dictionary<string, JsonNode?> { ["AccessLog"] = false, ["Tls:HandshakeTimeout"] = "00:00:02" },
        };
        await using var edge = await EdgeProcess.StartAsync(setup);
        var client = new EdgeClient(edge.Https, tls.Root.Certificate);
        using var ordinary = new CancellationTokenSource();
        var socket = EchoingSocket.SpeakUntilAsync(client, TlsFixture.Gateway, TimeSpan.FromMilliseconds(50), _failures.Enqueue, ordinary.Token);
        var lines = edge.Log.Lines.Count;

        // 1. What is usual.
        await LatenciesAsync(client, WarmUp);
        var quiet = await LatenciesAsync(client, Quiet);
        var (quietConnections, quietFiles) = (Connections(edge), Files(edge));

        // 2. All attacks, until the first allocations have been made; then for the configured time.
        using var attackers = new CancellationTokenSource();
        var attacks = Attacks.Select((attack, i) => RepeatAsync(attack, Pace * i / Attacks.Count, edge.Https, attackers.Token)).ToList();
        await LatenciesAsync(client, WarmUp);
        var before = Memory(edge);
        var attacked = await LatenciesAsync(client, Duration);
        var after = Memory(edge);
        await attackers.CancelAsync();
        await Task.WhenAll(attacks);

        // 3. All that they had open is closed.
        await UntilAsync(() => Connections(edge) <= quietConnections);
        var metrics = await edge.GetMetricsAsync();
        await ordinary.CancelAsync();
        var echoes = await socket;

        var logged = edge.Log.Lines.Skip(lines).ToList();
        TestContext.Current.SendDiagnosticMessage(
            $"{_rounds.Values.Sum()} rounds of {_rounds.Count} attacks in {(WarmUp + Duration).TotalSeconds:0} s: request on a fresh connection, median/p99 quiet {Show(quiet)}, "
            + $"attacked {Show(attacked)} ({attacked.Count} requests, {echoes} echoes); {before / MiB:0} MiB before, {after / MiB:0} after; {quietFiles} files before, {Files(edge)} after; "
            + $"{logged.Count} log lines ({Groups(logged)}); refused {metrics.Of("imgw_refused_total").ReplaceLineEndings(" ")}");
        Assert.Empty(_failures);
        Assert.Equal(Attacks.Count, _rounds.Count);
        Assert.Empty(logged.Where(line => line["@l"] is "Error" or "Fatal").DistinctBy(line => line["@i"]));
        Assert.True(logged.Count <= LogLines, Groups(logged));
        Assert.Empty(edge.Errors.Lines);
        Assert.True(after < before * 1.5 + 64 * MiB, $"{before / MiB:0} MiB before, {after / MiB:0} MiB after");
    }

    async Task AttackAsync(IPEndPoint server)
    {
        using var end = new CancellationTokenSource(Duration);
        await Task.WhenAll(Attacks.Select((attack, i) => RepeatAsync(attack, Pace * i / Attacks.Count, server, end.Token)));
        TestContext.Current.SendDiagnosticMessage($"{_rounds.Values.Sum()} rounds of {_rounds.Count} attacks in {Duration.TotalSeconds:0} s");
        foreach (var (name, rounds) in _rounds.OrderBy(attack => attack.Key, StringComparer.Ordinal)) TestContext.Current.SendDiagnosticMessage($"attack {rounds} {name}");
        Assert.Equal(Attacks.Count, _rounds.Count);
    }

    /// <param name="offset">After which it begins: attackers who all begin in the same moment, again and again, would be one and the same.</param>
    async Task RepeatAsync(Attack attack, TimeSpan offset, IPEndPoint server, CancellationToken end)
    {
        await Task.Delay(offset, TimeProvider.System, CancellationToken.None);
        using var timer = new PeriodicTimer(Pace);
        for (; !end.IsCancellationRequested; _rounds.AddOrUpdate(attack.Name, 1, (_, rounds) => rounds + 1))
        {
            try
            {
                await timer.WaitForNextTickAsync(end);
                await attack.RoundAsync(server, end);
            }
            catch (Exception e) when (e is IOException or SocketException or AuthenticationException or OperationCanceledException or TimeoutException)
            {
                // The edge has had enough.
            }
        }
    }

    /// <summary>The one with this name, or else those whose names contain it, to find out what they cost.</summary>
    static IReadOnlyList<Attack> Chosen(string name) =>
        Attack.All.FirstOrDefault(attack => attack.Name == name) is { } one ? [one] : [.. Attack.All.Where(attack => attack.Name.Contains(name, StringComparison.Ordinal))];

    /// <summary>In milliseconds, sorted.</summary>
    async Task<IReadOnlyList<double>> LatenciesAsync(EdgeClient client, TimeSpan duration)
    {
        var latencies = new List<double>();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < duration;)
        {
            var sent = Stopwatch.GetTimestamp();
            try
            {
                using var answer = await client.GetAsync(TlsFixture.Gateway, "/api");
                if (!answer.IsSuccessStatusCode) _failures.Enqueue($"request: {answer.StatusCode}");
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                _failures.Enqueue($"request: {e}");
            }

            latencies.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
            await timer.WaitForNextTickAsync();
        }

        return [.. latencies.Order()];
    }

    static string Show(IReadOnlyList<double> latencies) =>
        string.Create(CultureInfo.InvariantCulture, $"{latencies[latencies.Count / 2]:0.0}/{latencies[latencies.Count * 99 / 100]:0.0} ms");

    static string Groups(IEnumerable<LogLine> lines) => string.Join(", ", lines.GroupBy(line => line["@i"]).Select(group => $"{group.Count()} × {group.First().Message}"));

    static double Memory(EdgeProcess edge)
    {
        using var process = Process.GetProcessById(edge.Id);
        return process.WorkingSet64;
    }

    static int Files(EdgeProcess edge) => Directory.GetFiles($"/proc/{edge.Id}/fd").Length;

    /// <summary>Open or half open at the edge's port, on its side.</summary>
    static int Connections(EdgeProcess edge)
    {
        const string Established = "01", CloseWait = "08";
        var port = $":{edge.HttpsPort:X4}";
        return File.ReadLines("/proc/net/tcp").Skip(1)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Count(fields => fields[1].EndsWith(port, StringComparison.Ordinal) && fields[3] is Established or CloseWait);
    }

    static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!condition()) await timer.WaitForNextTickAsync(limit.Token);
    }
}
