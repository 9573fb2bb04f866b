using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations.Reload;

/// <summary>Reloads ten times a second under sockets and requests: thirty under fifty here, a thousand under a thousand by <c>tests/long/reload</c>.</summary>
[Collection(typeof(SequentialTests))]
public sealed class ManyReloadsTests
{
    static readonly int Reloads = int.Parse(Environment.GetEnvironmentVariable("IMGW_RELOADS") ?? "30");
    static readonly int Sockets = int.Parse(Environment.GetEnvironmentVariable("IMGW_RELOAD_SOCKETS") ?? "50");
    static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    readonly ConcurrentQueue<string> _failures = new();

    [Fact]
    public async Task No_socket_and_no_request_notices()
    {
        await using var edge = await ReloadingEdge.StartAsync("leaving.test");
        using var end = new CancellationTokenSource();
        List<Task<int>> echoes = [];
        for (var socket = 0; socket < Sockets; socket++)
        {
            echoes.Add(EchoingSocket.SpeakUntilAsync(edge.Client, ReloadingEdge.Gateway, TimeSpan.FromSeconds(1), _failures.Enqueue, end.Token));
            // One at a time: opening them is not what this is about.
            if (socket % 50 == 49) await OpenAsync(edge, socket + 2);
        }

        await OpenAsync(edge, Sockets + 1);
        var requests = RequestUntilAsync(edge, end.Token);
        var (started, changed) = (Stopwatch.GetTimestamp(), 0);
        using var timer = new PeriodicTimer(Pace, TimeProvider.System);
        for (var reload = 1; reload <= Reloads; reload++)
        {
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            await edge.WriteAsync(
                ("Routes", reload % 2 == 0 ? new JsonArray("/ws", "/api", "/health") : new JsonArray("/ws", "/api", "/api2")),
                ("Hosts", reload % 3 == 0 ? new JsonArray(ReloadingEdge.Gateway) : new JsonArray(ReloadingEdge.Gateway, "leaving.test")),
                ("Limits:UrlBytes", 2000 + reload),
                (":ReverseProxy:Clusters:gateway:HttpRequest:ActivityTimeout", $"00:01:{reload % 60:00}"));
            var reply = await edge.AskAsync();
            foreach (var problem in reply.Problems) _failures.Enqueue(problem);
            changed++;
        }

        var took = Stopwatch.GetElapsedTime(started);
        var metrics = await edge.Process.GetMetricsAsync();
        await end.CancelAsync();
        var counts = await Task.WhenAll(echoes);
        TestContext.Current.SendDiagnosticMessage(
            $"{changed} reloads in {took.TotalSeconds:0.0} s under {Sockets} sockets with {counts.Sum()} echoes, {await requests} requests of fresh connections; "
            + $"{metrics.Sum("process_resident_memory_bytes") / 1048576:0} MiB resident");
        Assert.Empty(_failures);
        Assert.Equal(Sockets + 1, metrics.Sum("imgw_websocket_connections"));
        Assert.Equal(1, metrics.Sum("imgw_config_last_reload_successful"));
        await edge.AssertUndisturbedAsync();
    }

    static Task OpenAsync(ReloadingEdge edge, int sockets) =>
        edge.Process.WaitForMetricsAsync(metrics => metrics.Sum("imgw_websocket_connections") == sockets, TimeSpan.FromMinutes(2));

    async Task<int> RequestUntilAsync(ReloadingEdge edge, CancellationToken end)
    {
        using var kept = new HttpClient(edge.Client.Handler());
        var count = 0;
        for (; !end.IsCancellationRequested; count++)
        {
            try
            {
                var fresh = await edge.StatusAsync("/api");
                using var answer = await kept.GetAsync(new Uri($"https://{ReloadingEdge.Gateway}:{edge.Process.HttpsPort}/api"), CancellationToken.None);
                if ((fresh, answer.StatusCode) is not (HttpStatusCode.OK, HttpStatusCode.OK)) _failures.Enqueue($"request {count}: {fresh}, {answer.StatusCode}");
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                _failures.Enqueue($"request {count}: {e}");
            }
        }

        return count;
    }
}
