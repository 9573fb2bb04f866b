using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Commands;

/// <summary>The edge killed while it takes in a certificate: five times here, a hundred times by <c>tests/long/kill-import</c>.</summary>
public sealed class KillDuringImportTests : IDisposable
{
    const string Host = "gateway.test";

    /// <summary>Staging, swap and commit take no longer than this from the first file on, even in a process that does it for the first time.</summary>
    static readonly TimeSpan Writing = TimeSpan.FromSeconds(1);

    static readonly int Rounds = int.Parse(Environment.GetEnvironmentVariable("IMGW_KILL_ROUNDS") ?? "5");

    readonly TemporaryDirectory _directory = new();
    readonly TestCa _root = TestCa.Create("Kill Root");

    string Store => _directory["data", "certificates", Host];

    public void Dispose()
    {
        _root.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task After_a_kill_at_any_moment_a_whole_certificate_is_served_and_nothing_half_done_is_left()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        using var first = _root.Issue(Host);
        var served = first.SerialNumber;
        var setup = new EdgeSetup
        {
            Hosts = [Host],
            Files = [first.WriteTo(_directory.Path, "first")],
            Settings = new Dictionary<string, JsonNode?> { ["DataDirectory"] = _directory["data"] },
        };
        var kept = 0;
        var edge = await EdgeProcess.StartAsync(setup);
        try
        {
            for (var round = 0; round < Rounds; round++)
            {
                using var next = _root.Issue(Host);
                // Denser towards the beginning: the faster the machine, the more happens there.
                await ImportAndKillAsync(edge, next, Math.Pow(random.NextDouble(), 3) * Writing);
                await edge.DisposeAsync();

                edge = await EdgeProcess.StartAsync(setup);
                var now = await new EdgeClient(edge.Https, _root.Certificate).ServedSerialAsync(Host);
                Assert.True(now == served || now == next.SerialNumber, $"seed {seed}, round {round}: serves {now}, neither {served} nor {next.SerialNumber}");
                if (now == served) kept++;
                served = now;
                AssertWhole(served);
            }
        }
        finally
        {
            await edge.DisposeAsync();
        }

        TestContext.Current.SendDiagnosticMessage($"{Rounds} kills: {kept} times the old certificate stayed, {Rounds - kept} times the new one was in");
    }

    /// <param name="moment">From when the import first writes a file.</param>
    async Task ImportAndKillAsync(EdgeProcess edge, IssuedCertificate next, TimeSpan moment)
    {
        var writing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var watcher = new FileSystemWatcher(Store);
        watcher.Created += (_, _) => writing.TrySetResult();
        watcher.EnableRaisingEvents = true;
        var file = next.WriteTo(_directory.Path, "next");
        var importing = EdgeVerb.RunAsync("cert", "import", "--cert", file.Certificate, "--key", file.Key!, "--config", edge.ConfigFile);
        await Task.WhenAny(writing.Task, importing);
        for (var begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun) < moment;) await Task.Yield();
        await edge.KillAsync();

        // The verb got its response, or the edge has exited.
        var result = await importing;
        Assert.True(writing.Task.IsCompleted, result.All);
    }

    void AssertWhole(string serial)
    {
        var current = Path.Combine(Store, "current.pem");
        using (var loaded = X509Certificate2.CreateFromPemFile(current, current))
        {
            Assert.Equal(serial, loaded.SerialNumber);
        }

        Assert.Subset(new HashSet<string?>(["current.pem", "previous.pem", "state.json"]), Directory.EnumerateFiles(Store).Select(Path.GetFileName).ToHashSet());
        Assert.Subset(new HashSet<string?>(["audit.jsonl", "control.lock", "control.sock", "lock"]), Directory.EnumerateFiles(_directory["data"]).Select(Path.GetFileName).ToHashSet());
    }
}
