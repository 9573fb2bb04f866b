using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Proxying;

/// <summary>The gateway, a process, is killed under load and started again: once here, more often by <c>tests/long/upstream-restarts</c>.</summary>
[Collection(typeof(SequentialTests))]
public sealed class UpstreamRestartTests(TlsFixture tls)
{
    const string Host = TlsFixture.Gateway;
    const int Clients = 6, RequestsAtOnce = 4;

    static readonly int Rounds = int.Parse(Environment.GetEnvironmentVariable("IMGW_RESTART_ROUNDS") ?? "1");
    static readonly TimeSpan Away = TimeSpan.FromSeconds(2);
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task With_the_hold_no_client_notices()
    {
        var answers = await RestartUnderLoadAsync("00:00:30");

        Assert.DoesNotContain(answers, answer => answer.Fault is not null);
        Assert.Equal([200], answers.Select(answer => answer.Status).Distinct());
    }

    [Fact]
    public async Task Without_it_there_are_502_and_503_at_once_and_nothing_else()
    {
        var answers = await RestartUnderLoadAsync("00:00:00");

        Assert.DoesNotContain(answers, answer => answer.Fault is not null);
        Assert.Superset(new HashSet<int> { 200, 502 }, answers.Select(answer => answer.Status).ToHashSet());
        Assert.Subset(new HashSet<int> { 200, 502, 503 }, answers.Select(answer => answer.Status).ToHashSet());
        Assert.All(answers, answer => Assert.Equal("DENY", answer.FrameOptions));
    }

    async Task<IReadOnlyCollection<Answer>> RestartUnderLoadAsync(string hold)
    {
        var port = FreePort.Next();
        var gateway = await DemoGatewayProcess.StartAsync(port);
        try
        {
            await using var edge = await EdgeProcess.StartAsync(tls.Setup(TestedEngines.Default, Host) with
            {
                Upstream = new Uri($"http://127.0.0.1:{port}"),
                Settings = new Dictionary<string, JsonNode?> { ["HoldWhileDown"] = hold, ["AccessLog"] = false },
            });
            var answers = new ConcurrentQueue<Answer>();
            using var end = new CancellationTokenSource();
            var load = Enumerable.Range(0, Clients).Select(i => AskUntilAsync(edge, i % 2 == 0 ? HttpVersion.Version11 : HttpVersion.Version20, answers, end.Token)).ToList();
            for (var round = 0; round < Rounds; round++)
            {
                await AnswersAsync(answers, 200);
                await gateway.DisposeAsync();
                await Task.Delay(Away, TimeProvider.System);
                gateway = await DemoGatewayProcess.StartAsync(port);
            }

            await AnswersAsync(answers, 200);
            await end.CancelAsync();
            await Task.WhenAll(load);
            var metrics = await edge.GetMetricsAsync();
            TestContext.Current.SendDiagnosticMessage(
                $"hold {hold}: {answers.Count} answers, {answers.Count(answer => answer.Status != 200)} of them errors\n{metrics.Of("imgw_upstream_errors_total")}");
            // Under the hold all that were in flight may wait for the gateway, so that none is left to be refused.
            Assert.True(metrics.Sum("imgw_upstream_errors_total") > 0);
            Assert.Equal(0, metrics.Sum("imgw_requests_held"));
            return answers;
        }
        finally
        {
            await gateway.DisposeAsync();
        }
    }

    /// <summary>Until as many more have been answered as they should: under way, before a kill and after the last start.</summary>
    static async Task AnswersAsync(ConcurrentQueue<Answer> answers, int more)
    {
        var before = answers.Count(answer => answer.Status == 200);
        using var limit = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (answers.Count(answer => answer.Status == 200) < before + more) await timer.WaitForNextTickAsync(limit.Token);
    }

    async Task AskUntilAsync(EdgeProcess edge, Version version, ConcurrentQueue<Answer> answers, CancellationToken end)
    {
        using var client = new HttpClient(new EdgeClient(edge.Https, tls.Root.Certificate).Handler())
        {
            Timeout = Patience,
            DefaultRequestVersion = version,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        await Task.WhenAll(Enumerable.Range(0, RequestsAtOnce).Select(async _ =>
        {
            while (!end.IsCancellationRequested) answers.Enqueue(await AskAsync(client, edge));
        }));
    }

    static async Task<Answer> AskAsync(HttpClient client, EdgeProcess edge)
    {
        try
        {
            using var response = await client.GetAsync(new Uri($"https://{Host}:{edge.HttpsPort}/api/time"), CancellationToken.None);
            // A loop that hammers measures nothing but itself.
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System);
            return new Answer((int)response.StatusCode, string.Join(',', response.Headers.TryGetValues("X-Frame-Options", out var values) ? values : []), null);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return new Answer(0, "", e.ToString());
        }
    }

    sealed record Answer(int Status, string FrameOptions, string? Fault);
}
