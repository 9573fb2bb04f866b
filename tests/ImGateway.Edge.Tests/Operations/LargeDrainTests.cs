using System.Diagnostics;
using System.Net;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations;

/// <summary>Many sockets are drained: 200 here, 5,000 over ten seconds by <c>tests/long/drain</c>.</summary>
[Collection(typeof(SequentialTests))]
public sealed class LargeDrainTests
{
    const string Host = "gateway.test";
    const int ServiceRestart = 1012;

    static readonly int Sockets = int.Parse(Environment.GetEnvironmentVariable("IMGW_DRAIN_SOCKETS") ?? "200");
    static readonly bool IsLong = Sockets >= 1000;
    static readonly int Busy = Math.Min(200, Sockets / 5);
    static readonly int OverHttp2 = Sockets / 10;
    static readonly TimeSpan Spread = TimeSpan.FromSeconds(IsLong ? 10 : 6);

    // So long that a machine which is busy with something else for a moment does not decide.
    static readonly TimeSpan Bucket = TimeSpan.FromSeconds(IsLong ? 1 : 2);
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task Every_client_gets_1012_evenly_and_its_connection_ends_in_order()
    {
        using var patience = new CancellationTokenSource(Patience);
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup
        {
            Hosts = [Host],
            Upstream = upstream.Address,
            Settings = new Dictionary<string, JsonNode?>
            {
                ["AccessLog"] = false,
                ["Drain:Spread"] = Spread.ToString("c"),
                ["Drain:Timeout"] = (Spread + TimeSpan.FromSeconds(60)).ToString("c"),
            },
        });
        using var root = edge.DevelopmentRoot();
        var client = new EdgeClient(edge.Https, root);
        using var shared = client.Invoker();
        var ends = new Task<SocketEnd>[Sockets];
        var tls = TlsWire.Options(Host, root);
        var opening = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(Enumerable.Range(0, Sockets), new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = patience.Token }, async (i, token) =>
        {
            ends[i] = i < OverHttp2
                ? UntilEndAsync(await client.OpenWebSocketAsync(Host, HttpVersion.Version20, shared), patience.Token)
                : UntilEndAsync(await LeanWebSocket.OpenAsync(edge.Https, tls, token), isBusy: i < OverHttp2 + Busy, patience.Token);
        });
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_websocket_connections") == Sockets, Patience);
        var opened = Stopwatch.GetElapsedTime(opening);

        var exit = edge.StopAsync(Patience);
        var all = await Task.WhenAll(ends);

        Assert.Equal(0, await exit);
        Assert.Empty(all.Index().Where(end => end.Item.Fault is not null).Select(end => $"{KindOf(end.Index)} {end.Index}: {end.Item}"));
        Assert.All(all, end => Assert.Equal((ServiceRestart, true), (end.Code, end.InOrder)));
        var buckets = Buckets(all);
        TestContext.Current.SendDiagnosticMessage(
            $"{Sockets} sockets ({Busy} busy, {OverHttp2} over HTTP/2) opened in {opened.TotalSeconds:0.0} s; closed per {Bucket.TotalSeconds:0} s: {string.Join(' ', buckets)}");
        var even = Sockets * (Bucket / Spread);
        Assert.All(buckets, count => Assert.InRange(count, even * 0.5, even * 1.5));
        Assert.Contains($"{Sockets} WebSockets closed, 0 cut", edge.Log.Lines.Single(line => line.Message.StartsWith("Drained", StringComparison.Ordinal)).Message);
    }

    static string KindOf(int socket) => socket < OverHttp2 ? "HTTP/2" : socket < OverHttp2 + Busy ? "busy" : "idle";

    static int[] Buckets(IReadOnlyList<SocketEnd> ends)
    {
        var first = ends.Min(end => end.At);
        var buckets = new int[(int)(Spread / Bucket)];
        foreach (var end in ends) buckets[Math.Min(buckets.Length - 1, (int)(Stopwatch.GetElapsedTime(first, end.At) / Bucket))]++;
        return buckets;
    }

    static async Task<SocketEnd> UntilEndAsync(LeanWebSocket socket, bool isBusy, CancellationToken cancellationToken)
    {
        await using (socket)
        {
            return isBusy ? await socket.SpeakUntilEndAsync(TimeSpan.FromMilliseconds(50), cancellationToken) : await socket.UntilEndAsync(cancellationToken);
        }
    }

    static async Task<SocketEnd> UntilEndAsync(ClientWebSocket socket, CancellationToken cancellationToken)
    {
        using (socket)
        {
            try
            {
                var received = await socket.ReceiveAsync(new byte[16].AsMemory(), cancellationToken);
                var at = Stopwatch.GetTimestamp();
                if (received.MessageType != WebSocketMessageType.Close) return new SocketEnd(null, at, false, $"{received.MessageType}");
                await socket.CloseOutputAsync(socket.CloseStatus!.Value, null, cancellationToken);
                return new SocketEnd((int?)socket.CloseStatus, at, socket.State == WebSocketState.Closed, null);
            }
            catch (WebSocketException e)
            {
                return new SocketEnd(null, 0, false, e.GetBaseException().Message);
            }
        }
    }
}
