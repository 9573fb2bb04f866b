using System.Collections.Concurrent;
using System.Diagnostics;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

/// <summary>Keeps what measures time away from what uses it up.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class SequentialTests;

[Collection(typeof(SequentialTests))]
public sealed class HotSwapTests(TlsFixture tls)
{
    const int Sockets = 200, SwapsPerStyle = 5;

    static readonly TimeSpan Promise = TimeSpan.FromSeconds(2);

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task Swaps_close_no_socket_fail_no_request_and_show_within_two_seconds(TestedEngine engine)
    {
        using var directory = new TemporaryDirectory();
        var styles = Enum.GetValues<SwapStyle>();
        var files = new Dictionary<SwapStyle, SwappedFiles>();
        foreach (var style in styles) files[style] = await SwappedFiles.CreateAsync(style, directory[$"{style}"], tls.Ca.Issue(Host(style)));
        await using var edge = await EdgeProcess.StartAsync(
            tls.Setup(engine) with { Hosts = [.. styles.Select(Host)], Files = [.. files.Values.Select(f => f.File)] });
        var client = new EdgeClient(edge.Https, tls.Root.Certificate);
        using var end = new CancellationTokenSource();
        var failures = new ConcurrentQueue<string>();
        var echoes = Enumerable.Range(0, Sockets)
            .Select(i => EchoingSocket.SpeakUntilAsync(client, Host(styles[i % styles.Length]), TimeSpan.FromMilliseconds(200), failures.Enqueue, end.Token)).ToList();
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_websocket_connections") == Sockets, TimeSpan.FromSeconds(60));
        var requests = RequestUntilAsync(client, styles, failures, end.Token);

        for (var i = 0; i < SwapsPerStyle; i++)
        {
            foreach (var style in styles)
            {
                using var next = tls.Ca.Issue(Host(style));
                await files[style].SwapAsync(next);
                await UntilServedAsync(client, style, next.SerialNumber);
            }
        }

        await end.CancelAsync();
        await Task.WhenAll(echoes);
        Assert.Empty(failures);
        Assert.True(await requests > 20, $"requests: {await requests}");
        var metrics = await edge.GetMetricsAsync();
        foreach (var style in styles) Assert.Equal(SwapsPerStyle, metrics.Sum("imgw_certificate_swaps_total", ("host", Host(style))));
    }

    static string Host(SwapStyle style) => $"{style}.test".ToLowerInvariant();

    /// <summary>Each handshake that begins after the promised time gets the new certificate.</summary>
    static async Task UntilServedAsync(EdgeClient client, SwapStyle style, string serial)
    {
        var swapped = Stopwatch.GetTimestamp();
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            var begun = Stopwatch.GetElapsedTime(swapped);
            if (await client.ServedSerialAsync(Host(style)) == serial) return;
            Assert.True(begun < Promise, $"{style}: the old certificate is still served {begun} after the swap");
            await pause.WaitForNextTickAsync();
        }
    }

    static async Task<int> RequestUntilAsync(EdgeClient client, SwapStyle[] styles, ConcurrentQueue<string> failures, CancellationToken end)
    {
        var count = 0;
        for (; !end.IsCancellationRequested; count++)
        {
            try
            {
                using var answer = await client.GetAsync(Host(styles[count % styles.Length]), "/api");
                if (!answer.IsSuccessStatusCode) failures.Enqueue($"request {count}: {answer.StatusCode}");
            }
            catch (Exception e)
            {
                failures.Enqueue($"request {count}: {e}");
            }
        }

        return count;
    }
}
