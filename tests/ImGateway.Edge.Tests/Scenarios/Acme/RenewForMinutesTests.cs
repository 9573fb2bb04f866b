using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Acme;

/// <summary>Certificates that live for a minute, renewed as soon as they are there, within the CA's window: for twenty seconds here, for minutes by <c>tests/long/renew-for-minutes</c>.</summary>
[Collection(typeof(SequentialTests))]
public sealed class RenewForMinutesTests
{
    const string Host = "gateway.test";
    const int Sockets = 100;

    static readonly TimeSpan Duration = TimeSpan.FromSeconds(double.Parse(Environment.GetEnvironmentVariable("IMGW_RENEW_SECONDS") ?? "20"));
    static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly ConcurrentQueue<string> _failures = new();

    [Fact]
    public async Task Swaps_every_few_seconds_close_nothing_fail_nothing_and_show_no_client_a_challenge()
    {
        await using var upstream = await EchoUpstream.StartAsync();
        await using var ca = await ScriptableCa.StartAsync(new ScriptableCaOptions { Lifetime = Lifetime, RetryAfter = TimeSpan.Zero, SuggestsRenewalAtOnce = true });
        await using var edge = await EdgeProcess.StartListeningAsync(new EdgeSetup
        {
            Hosts = [Host],
            Upstream = upstream.Address,
            Ca = EdgeCa.Of(ca),
            Settings = new Dictionary<string, JsonNode?>
            {
                ["AccessLog"] = false,
                ["Acme:Challenges"] = new JsonArray("tls-alpn-01"),
            },
        });
        await edge.WaitUntilReadyAsync(Patience);
        // It trusts the CA's root alone: a challenge certificate, being self-signed, would fail it.
        var client = new EdgeClient(edge.Https, ca.IssuingRoot);
        using var end = new CancellationTokenSource();
        var echoes = Enumerable.Range(0, Sockets).Select(_ => EchoingSocket.SpeakUntilAsync(client, Host, TimeSpan.FromMilliseconds(500), _failures.Enqueue, end.Token)).ToList();
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_websocket_connections") == Sockets, Patience);
        var before = ca.CertificatesIssued;
        var started = Stopwatch.GetTimestamp();
        var requests = RequestUntilAsync(client, end.Token);

        var wanted = (int)(Duration.TotalSeconds / 6);
        await ca.WaitUntilAsync(it => it.CertificatesIssued - before >= wanted || Stopwatch.GetElapsedTime(started) > Duration + Patience, Duration + Patience);
        if (Duration - Stopwatch.GetElapsedTime(started) is { Ticks: > 0 } rest) await Task.Delay(rest, TimeProvider.System);
        var metrics = await edge.GetMetricsAsync();
        await end.CancelAsync();

        var counts = await Task.WhenAll(echoes);
        var made = await requests;
        var swaps = metrics.Sum("imgw_certificate_swaps_total", ("host", Host));
        TestContext.Current.SendDiagnosticMessage(
            $"{Stopwatch.GetElapsedTime(started).TotalSeconds:0} s: {swaps} swaps under {Sockets} sockets with {counts.Sum()} echoes and {made} requests of fresh connections");
        Assert.True(_failures.IsEmpty, string.Join(Environment.NewLine, _failures.Take(10)));
        Assert.Equal(Sockets, metrics.Sum("imgw_websocket_connections"));
        Assert.True(swaps >= wanted, $"{swaps} swaps");
        Assert.Equal(0, metrics.Sum("imgw_certificate_renewals_total", ("result", "failure")));
        // One may be under way.
        Assert.InRange(ca.OrdersCreated - ca.CertificatesIssued, 0, 1);
    }

    async Task<int> RequestUntilAsync(EdgeClient client, CancellationToken end)
    {
        var count = 0;
        for (; !end.IsCancellationRequested; count++)
        {
            try
            {
                using var answer = await client.GetAsync(Host, "/health");
                if (!answer.IsSuccessStatusCode) _failures.Enqueue($"request {count}: {answer.StatusCode}");
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                _failures.Enqueue($"request {count}: {e}");
            }
        }

        return count;
    }
}
