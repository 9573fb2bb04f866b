using System.Diagnostics;
using System.Text;

namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>How long is waited for what. All run at the same time.</summary>
static class TimeExchanges
{
    const string Upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    public static IEnumerable<Exchange> All() => from exchange in Each() select exchange with { IsAlone = false };

    static IEnumerable<Exchange> Each() =>
    [
        Exchange.Request("GET /api/slow"),
        Exchange.Request("GET /ws/slow").Shows(Differences.SlowAnswers),
        Exchange.Of("a connection to port 443 on which nothing is sent", side => OpenAfterAsync(side, TimeSpan.FromSeconds(12), plain: true, "")).Shows(Differences.SlowHandshake),
        Exchange.Of("a head whose second half does not come", side => OpenAfterAsync(side, TimeSpan.FromSeconds(18), plain: false, "GET /api HTTP/1.1\r\nHost: ")).Shows(Differences.SlowHead),
        Exchange.Of("a connection that is idle for seven seconds after an answer", IdleAsync).Shows(Differences.IdleConnections),
        Exchange.Of("a WebSocket on which nobody says anything", SilentAsync),
    ];

    /// <summary>Whether it is still open by then.</summary>
    public static async Task<Observation> OpenAfterAsync(Side side, TimeSpan wait, bool plain, string sent)
    {
        using var limit = new CancellationTokenSource(Side.Patience);
        await using var stream = await (plain ? side with { Http = side.Https } : side).ConnectAsync(plain, limit.Token);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(sent), limit.Token);
        var end = new AnswerReader(stream, limit.Token).ReadAsync();
        return await Task.WhenAny(end, Task.Delay(wait, TimeProvider.System, limit.Token)) == end ? await end with { Body = "" } : new Observation("open");
    }

    static async Task<Observation> IdleAsync(Side side)
    {
        using var limit = new CancellationTokenSource(Side.Patience);
        await using var stream = await side.ConnectAsync(plain: false, limit.Token);
        var request = Encoding.ASCII.GetBytes($"GET /nowhere HTTP/1.1\r\nHost: {Side.Host}\r\n\r\n");
        var reader = new AnswerReader(stream, limit.Token);
        await stream.WriteAsync(request, limit.Token);
        await reader.ReadAsync();
        await Task.Delay(TimeSpan.FromSeconds(7), TimeProvider.System, limit.Token);
        try
        {
            await stream.WriteAsync(request, limit.Token);
        }
        catch (IOException)
        {
            // Closed meanwhile.
        }

        return new Observation((await reader.ReadAsync()).Status == "closed" ? "closed" : "open");
    }

    /// <summary>Closed as idle after about the time that both are configured for.</summary>
    static async Task<Observation> SilentAsync(Side side)
    {
        using var limit = new CancellationTokenSource(Side.Patience);
        await using var stream = await side.ConnectAsync(plain: false, limit.Token);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET /ws/silent-slow HTTP/1.1\r\nHost: {Side.Host}\r\n{Upgrade}"), limit.Token);
        var reader = new AnswerReader(stream, limit.Token);
        var answer = await reader.ReadAsync();
        var began = Stopwatch.GetTimestamp();
        var rest = await reader.ReadToEndAsync();
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return new Observation(answer.Status) { Body = rest, Notes = [seconds is > 10 and < 20 ? "ended when it was time" : $"ended after {seconds:0} s"] };
    }
}
