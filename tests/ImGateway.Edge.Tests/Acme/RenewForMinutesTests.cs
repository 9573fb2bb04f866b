using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Acme;

/// <summary>Certificates that live for a minute, renewed every few seconds: for twenty seconds here, for minutes by <c>tests/long/renew-for-minutes</c>.</summary>
[Collection(typeof(Undisturbed))]
public sealed class RenewForMinutesTests
{
    const string Host = "gateway.test";
    const int Sockets = 100;

    static readonly TimeSpan Duration = TimeSpan.FromSeconds(double.Parse(Environment.GetEnvironmentVariable("IMGW_RENEW_SECONDS") ?? "20"));
    static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly ConcurrentQueue<string> _failures = new();

    [Fact]
    public async Task Swaps_every_few_seconds_close_nothing_fail_nothing_and_show_nobody_a_challenge()
    {
        await using var upstream = await EchoUpstream.StartAsync();
        await using var ca = await ScriptableCa.StartAsync(new ScriptableCaOptions { Lifetime = Lifetime, RetryAfter = TimeSpan.Zero });
        await using var edge = await EdgeProcess.StartListeningAsync(new EdgeSetup
        {
            Hosts = [Host],
            Upstream = upstream.Address,
            Ca = EdgeCa.Of(ca),
            Settings = new Dictionary<string, JsonNode?>
            {
                ["AccessLog"] = false,
                ["Acme:Challenges"] = new JsonArray("tls-alpn-01"),
                // Due three seconds after it was issued.
                ["Acme:RenewAt"] = 0.95,
            },
        });
        await edge.WaitUntilReadyAsync(Patience);
        // It trusts the CA's root alone: a challenge certificate, being self-signed, would fail it.
        var client = new EdgeClient(edge.Https, ca.IssuingRoot);
        using var end = new CancellationTokenSource();
        var echoes = Enumerable.Range(0, Sockets).Select(_ => EchoUntilAsync(client, end.Token)).ToList();
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_websocket_connections") == Sockets, Patience);
        var before = ca.CertificatesIssued;
        var started = Stopwatch.GetTimestamp();
        var requests = RequestUntilAsync(client, end.Token);

        var wanted = (int)(Duration.TotalSeconds / 6);
        await ca.WaitUntilAsync(it => it.CertificatesIssued - before >= wanted || Stopwatch.GetElapsedTime(started) > Duration + Patience, Duration + Patience);
        while (Stopwatch.GetElapsedTime(started) < Duration) await Task.Delay(100, TimeProvider.System);
        var metrics = await edge.GetMetricsAsync();
        await end.CancelAsync();

        var counts = await Task.WhenAll(echoes);
        var made = await requests;
        var swaps = metrics.Sum("imgw_certificate_swaps_total", ("host", Host));
        TestContext.Current.SendDiagnosticMessage(
            $"{Stopwatch.GetElapsedTime(started).TotalSeconds:0} s: {swaps} swaps under {Sockets} sockets with {counts.Sum()} echoes and {made} requests of fresh connections");
        Assert.Empty(_failures);
        Assert.Equal(Sockets, metrics.Sum("imgw_websocket_connections"));
        Assert.True(swaps >= wanted, $"{swaps} swaps");
        Assert.Equal(0, metrics.Sum("imgw_certificate_renewals_total", ("result", "failure")));
        Assert.True(counts.All(count => count > 3), $"echoes of the slowest socket: {counts.Min()}");
        Assert.Equal(ca.CertificatesIssued, ca.OrdersCreated);
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

    async Task<int> EchoUntilAsync(EdgeClient client, CancellationToken end)
    {
        var count = 0;
        try
        {
            using var socket = await client.OpenWebSocketAsync(Host);
            using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
            var buffer = new byte[64];
            for (; !end.IsCancellationRequested; count++)
            {
                var sent = Encoding.ASCII.GetBytes($"echo {count}");
                await socket.SendAsync(sent, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
                var received = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                if (!buffer.AsSpan(0, received.Count).SequenceEqual(sent)) _failures.Enqueue($"{received.MessageType} instead of echo {count}");
                await pace.WaitForNextTickAsync(CancellationToken.None);
            }

            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }
        catch (Exception e)
        {
            _failures.Enqueue($"socket after {count} echoes: {e}");
        }

        return count;
    }
}
