using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Monitoring;

/// <summary>A scan of the edge with unknown names does not add series to its metrics. <c>tests/long/cardinality</c> does it with a hundred thousand of each.</summary>
public sealed class CardinalityTests
{
    const string Host = "gateway.test";
    const int Lanes = 4, Batch = 250;

    static readonly int Count = int.Parse(Environment.GetEnvironmentVariable("IMGW_SCAN_COUNT") ?? "5000", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Random_names_hosts_and_paths_add_no_series()
    {
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup
        {
            Hosts = [Host],
            Upstream = upstream.Address,
            Settings = new Dictionary<string, JsonNode?> { ["AccessLog"] = false },
        });
        using var root = edge.DevelopmentRoot();
        var options = TlsWire.Options(Host, root);
        var started = Stopwatch.GetTimestamp();

        // Each kind of answer once, with all codes and reasons there are to it; from then on nothing is new.
        await ScanAsync(Batch);
        var before = await SeriesAsync();
        var counted = await CountedAsync();
        await ScanAsync(Count);

        Assert.Equal(before, await SeriesAsync());
        var after = await CountedAsync();
        Assert.Equal(Count, after.Names - counted.Names);
        Assert.Equal(Count, after.Hosts - counted.Hosts);
        Assert.Equal(Count, after.Paths - counted.Paths);
        Assert.Equal(Count, after.Forwarded - counted.Forwarded);
        TestContext.Current.SendDiagnosticMessage($"{Count} names, hosts, paths to nowhere and paths of the gateway in {Stopwatch.GetElapsedTime(started)}; {before.Count} series before and after");

        async Task ScanAsync(int count)
        {
            await Task.WhenAll(Enumerable.Range(0, Lanes).Select(lane => Task.Run(() => HelloAsync(count / Lanes + (lane < count % Lanes ? 1 : 0)))));
            await RequestsAsync(count, name => ("/api", $"{name}.example.com"));
            await RequestsAsync(count, name => ($"/{name}", Host));
            await RequestsAsync(count, name => ($"/api/{name}?{name}", Host));
        }

        async Task HelloAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                var answer = await new RawHello { ServerName = $"{Name()}.{Name()}.test" }.SendAsync(edge.Https);
                if (!answer.IsFatalAlert(112)) throw new InvalidOperationException($"{answer} to an unknown name");
            }
        }

        Task RequestsAsync(int count, Func<string, (string Path, string Host)> target) => Parallel.ForEachAsync(
            Enumerable.Range(0, count).Select(_ => target(Name())).Chunk(Batch),
            new ParallelOptions { MaxDegreeOfParallelism = Lanes },
            async (batch, cancellationToken) => await SendAsync(batch, cancellationToken));

        // Pipelined: one connection, one write, and all answers read to the end.
        async Task SendAsync((string Path, string Host)[] batch, CancellationToken cancellationToken)
        {
            await using var wire = await TlsWire.ConnectAsync(edge.Https, options, cancellationToken);
            var requests = new StringBuilder();
            foreach (var (path, host) in batch) requests.Append($"GET {path} HTTP/1.1\r\nHost: {host}\r\n{((path, host) == batch[^1] ? "Connection: close\r\n" : "")}\r\n");
            var sending = wire.SendAsync(requests.ToString(), cancellationToken);
            var buffer = new byte[16 * 1024];
            while (await wire.ReadAsync(buffer, cancellationToken) > 0)
            {
                // To the end.
            }

            await sending;
        }

        async Task<IReadOnlyList<string>> SeriesAsync() =>
        [
            .. (await edge.GetMetricsAsync()).ToString().Split('\n').Where(line => line.Length > 0 && line[0] != '#')
                .Select(line => line[..line.LastIndexOf(' ')]).Order(StringComparer.Ordinal),
        ];

        async Task<(double Names, double Hosts, double Paths, double Forwarded)> CountedAsync()
        {
            var metrics = await edge.GetMetricsAsync();
            return (
                metrics.Sum("imgw_tls_handshake_failures_total", ("reason", "unknown_name")),
                metrics.Sum("imgw_refused_total", ("reason", "unknown_host")),
                metrics.Sum("imgw_refused_total", ("reason", "no_route")),
                metrics.Sum("imgw_http_requests_total", ("route", "api"), ("code", "200")));
        }
    }

    static string Name() => $"n{Guid.NewGuid():N}";
}
