using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.RawTls;

/// <summary>
/// A fuzzer of the TLS side of an edge: 20,000 inputs here, as many as its argument says by <c>tests/long/tls-fuzz</c>. An input that fails is named with its
/// seed, and runs again alone by <c>IMGW_FUZZ_SEED</c> and <c>IMGW_FUZZ_INPUT</c>.
/// </summary>
[Collection(typeof(SequentialTests))]
public sealed class TlsFuzzTests(TlsFixture tls)
{
    const int Parallel = 32, CountThatReachesAll = 5000;
    const double MiB = 1024 * 1024;

    static readonly int Count = FromEnvironment("IMGW_FUZZ_COUNT", 20_000);
    static readonly int Seed = FromEnvironment("IMGW_FUZZ_SEED", RandomNumberGenerator.GetInt32(int.MaxValue));
    static readonly int Only = FromEnvironment("IMGW_FUZZ_INPUT", -1);

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Of what the fuzzer must have reached, so that it does not end at the first check of each input.</summary>
    static readonly string[] Reached = ["served", "server hello", "alert 47", "alert 50", "alert 70", "alert 112", "alert 120", "closed", "plain HTTP", "handshake completed", "Tls12 completed", "Tls13 completed"];

    readonly ConcurrentDictionary<string, int> _outcomes = new();

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task No_input_crashes_an_edge_hangs_or_leaves_anything_behind(TestedEngine engine)
    {
        using var directory = new TemporaryDirectory();
        var memory = await OpenSslMemory.CompileAsync(directory);
        var setup = tls.Setup(engine) with
        {
            Environment = memory.Environment,
            Settings = new Dictionary<string, JsonNode?>
            {
                ["AccessLog"] = false, ["Limits:RequestsPerSecondPerAddress"] = 1_000_000,
            },
        };
        await using var edge = await EdgeProcess.StartAsync(setup);
        var ticket = await TicketAsync(edge);
        if (Only >= 0)
        {
            await RunAsync(edge.Https, ticket, Only, 1);
            return;
        }

        // 1. What is allocated once: code, pools, caches.
        var started = Stopwatch.GetTimestamp();
        var warmUp = Count / 4;
        await RunAsync(edge.Https, ticket, 0, warmUp);
        var before = await HeldResources.AtRestAsync(edge, setup.Upstream.Port, memory, Patience);

        // 2. The rest.
        await RunAsync(edge.Https, ticket, warmUp, Count - warmUp);

        // 3. Nothing of it stays.
        var after = await HeldResources.AtRestAsync(edge, setup.Upstream.Port, memory, Patience, after => after.Files <= before.Files && after.OpenSslBytes <= before.OpenSslBytes + MiB / 2);
        TestContext.Current.SendDiagnosticMessage(
            $"{engine}, seed {Seed}: {Count} inputs in {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s; {string.Join(", ", _outcomes.OrderByDescending(o => o.Value).Select(o => $"{o.Value} {o.Key}"))}; "
            + $"before: {before}; after: {after}");
        var errors = edge.Log.Lines.Where(line => line.Level is "Error" or "Fatal").Concat(edge.Errors.Lines).ToList();
        Assert.True(errors.Count == 0, $"seed {Seed}: {errors.Count} errors:\n{string.Join('\n', errors.Take(5))}");
        if (Count >= CountThatReachesAll) Assert.Equal([], Reached.Except(_outcomes.Keys));
        Assert.True(memory.Allocations > Count, "OpenSSL has not allocated by the functions that check it");
        Assert.Equal((0, 0), (after.Connections, after.Handshakes));
        Assert.True(after.Files <= before.Files, $"seed {Seed}: {before.Files} descriptors before, {after.Files} after");
        Assert.True(after.OpenSslBytes <= before.OpenSslBytes + MiB / 2, $"seed {Seed}: {before.OpenSslBytes} bytes of OpenSSL before, {after.OpenSslBytes} after");
        // The size of .NET's heap depends on when it was collected, so on the load of the machine: this finds a leak only over many inputs.
        Assert.True(after.ResidentBytes <= before.ResidentBytes * 1.2 + 256 * MiB, $"seed {Seed}: {before.ResidentBytes / MiB:0} MiB resident before, {after.ResidentBytes / MiB:0} MiB after");
        await TicketAsync(edge);
    }

    async Task RunAsync(IPEndPoint server, byte[] ticket, int from, int count) => await System.Threading.Tasks.Parallel.ForEachAsync(
        Enumerable.Range(from, count),
        new ParallelOptions { MaxDegreeOfParallelism = Parallel },
        async (number, _) => _outcomes.AddOrUpdate(await new FuzzInput(server, ticket, Seed, number).RunAsync(), 1, (_, inputs) => inputs + 1));

    /// <summary>A session ticket, and a request that is served.</summary>
    static async Task<byte[]> TicketAsync(EdgeProcess edge)
    {
        using var target = new RawTlsTarget(edge);
        using var client = await target.HandshakeAsync();
        await target.AssertServesAsync(client);
        return client.Tickets[0];
    }

    static int FromEnvironment(string name, int otherwise) => Environment.GetEnvironmentVariable(name) is { } value ? int.Parse(value, CultureInfo.InvariantCulture) : otherwise;
}
