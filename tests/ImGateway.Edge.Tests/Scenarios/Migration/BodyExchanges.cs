using System.Globalization;
using System.Text;

namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>Bodies of requests, their framing, and what follows them on the connection.</summary>
static class BodyExchanges
{
    public static IEnumerable<Exchange> All() => [.. Bodies(), .. Framing(), .. Connections()];

    static IEnumerable<Exchange> Bodies() =>
    [
        Exchange.Post("POST /api", "hello", "Content-Type: text/plain"),
        Exchange.Post("PUT /api/users/7", new string('b', 100_000)),
        Exchange.Post("PATCH /api/users/7", "{}", "Content-Type: application/json"),
        Exchange.Post("DELETE /api/users/7", "why"),
        Exchange.Post("GET /api", "a body"),
        Exchange.Post("POST /health", "hello"),
        Exchange.Post("POST /ws", "hello"),
        Exchange.Request("POST /api", "Content-Length: 0"),
        Exchange.Request("POST /api").Shows(Differences.NoBody),
        Exchange.Post("POST /api", "5\r\nhello\r\n6\r\n again\r\n0\r\n\r\n", "Transfer-Encoding: chunked").Shows(Differences.Chunks),
        Exchange.Post("POST /api", "5;name=value\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n", "Transfer-Encoding: chunked", "Trailer: X-Trailer").Shows(Differences.Chunks),
        Exchange.Post("POST /ws", "5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked").Shows(Differences.Chunks),
        Exchange.Post("POST /api", new string('b', 1_048_576)),
        Exchange.Raw("`POST /api`, `Content-Length: 1048577`", "POST /api HTTP/1.1\r\nHost: gateway.example.com\r\nContent-Length: 1048577\r\n\r\n"),
        Exchange.Of("`POST /api`, 1,100,000 bytes in chunks", side => side.ExchangeAsync(
            $"POST /api HTTP/1.1\r\nHost: gateway.example.com\r\nTransfer-Encoding: chunked\r\n\r\n{1_100_000:x}\r\n{new string('b', 1_100_000)}\r\n0\r\n\r\n")),
        Exchange.Post("POST /api", "hello", "Expect: 100-continue").Shows(Differences.Continue),
        Exchange.Post("POST /api", "hello", "Expect: a miracle").Shows(Differences.Continue),
        Exchange.Of("`POST /api` that stops in the middle of its body", StoppingAsync).Shows(Differences.BodiesAsTheyCome),
    ];

    static IEnumerable<Exchange> Framing() =>
    [
        Exchange.Request("POST /api", "Content-Length: abc"),
        Exchange.Request("POST /api", "Content-Length: -1"),
        Exchange.Request("POST /api", "Content-Length: 5", "Content-Length: 5"),
        Exchange.Request("POST /api", "Content-Length: 5", "Transfer-Encoding: chunked"),
        Exchange.Request("POST /api", "Transfer-Encoding: gzip, chunked"),
        Exchange.Request("POST /api", "Transfer-Encoding: identity").Shows(Differences.Codings),
        Exchange.Request("POST /api HTTP/1.0", "Transfer-Encoding: chunked"),
        Exchange.Post("POST /api", "xyz\r\n", "Transfer-Encoding: chunked"),
    ];

    static IEnumerable<Exchange> Connections() =>
    [
        Exchange.Of("two requests on one connection", side => SeveralAsync(side, 2)),
        Exchange.Of("two requests at once", PipelinedAsync),
        Exchange.Of("1,001 requests for `/nowhere` on one connection", side => SeveralAsync(side, 1001, "/nowhere")).Shows(Differences.NoLastRequest),
    ];

    static async Task<Observation> SeveralAsync(Side side, int count, string target = "/api")
    {
        using var limit = new CancellationTokenSource(Side.Patience);
        await using var stream = await side.ConnectAsync(plain: false, limit.Token);
        var reader = new AnswerReader(stream, limit.Token);
        var request = Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\nHost: {Side.Host}\r\n\r\n");
        for (var i = 1; i < count; i++)
        {
            await stream.WriteAsync(request, limit.Token);
            var answer = await reader.ReadAsync();
            if (answer.Framing.EndsWith("close", StringComparison.Ordinal)) return answer with { Notes = [$"the last of {i.ToString(CultureInfo.InvariantCulture)}"] };
        }

        await stream.WriteAsync(request, limit.Token);
        return await reader.ReadAsync();
    }

    static async Task<Observation> PipelinedAsync(Side side)
    {
        using var limit = new CancellationTokenSource(Side.Patience);
        await using var stream = await side.ConnectAsync(plain: false, limit.Token);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET /api/1 HTTP/1.1\r\nHost: {Side.Host}\r\n\r\nGET /api/2 HTTP/1.1\r\nHost: {Side.Host}\r\n\r\n"), limit.Token);
        var reader = new AnswerReader(stream, limit.Token);
        var first = await reader.ReadAsync();
        return await reader.ReadAsync() with { Notes = [first.Body] };
    }

    /// <summary>Whether the gateway has heard of it by then.</summary>
    static async Task<Observation> StoppingAsync(Side side)
    {
        using var limit = new CancellationTokenSource(Side.Patience);
        await using var stream = await side.ConnectAsync(plain: false, limit.Token);
        const string Target = "/api/upload";
        var heard = side.Gateway.Expect($"head {Target}").Task;
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST {Target} HTTP/1.1\r\nHost: {Side.Host}\r\nContent-Length: 10\r\n\r\nhello"), limit.Token);
        await Task.WhenAny(heard, Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, limit.Token));
        var note = heard.IsCompleted ? "the gateway had the head by then" : "the gateway had nothing by then";
        await stream.WriteAsync("again"u8.ToArray(), limit.Token);
        return await new AnswerReader(stream, limit.Token).ReadAsync() with { Notes = [note] };
    }
}
