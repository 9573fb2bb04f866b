using System.Text;

namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>Answers of the gateway, and what becomes of those that are none.</summary>
static class GatewayExchanges
{
    public static IEnumerable<Exchange> All() =>
    [
        .. from status in (string[])["200", "201", "202", "204", "206", "301", "303", "304", "400", "401", "403", "404", "405", "409", "410", "413", "418", "421", "422", "429", "451", "499", "500", "501", "502", "503", "504", "599"]
           select Exchange.Request($"GET /api/{status}"),
        .. from ask in (string[])["headers", "gzip", "dated", "relative", "elsewhere", "retry", "odd", "big", "software", "chunked", "until-the-end", "reset", "two-lengths"]
           select Exchange.Request($"GET /api/{ask}"),
        Exchange.Request("GET /api/own-security").Shows(Differences.OwnSecurity),
        Exchange.Request("GET /api/accel-redirect").Shows(Differences.Accel),
        Exchange.Request("GET /api/accel-header").Shows(Differences.Accel),
        Exchange.Request("GET /api/big-header").Shows(Differences.BigHeader),
        Exchange.Request("GET /api/own-name").Shows(Differences.Location),
        Exchange.Request("GET /api/close").Shows(Differences.AskedAgain),
        Exchange.Request("GET /api/garbage").Shows(Differences.Garbage),
        Exchange.Request("GET /api/unasked-101").Shows(Differences.NoTunnels),
        Exchange.Request("GET /api/early-hints").Shows(Differences.Interim),
        Exchange.Request("GET /api/half").BreaksOff(),
        Exchange.Request("GET /ws/chunked"),
        Exchange.Request("GET /ws/half-chunked").BreaksOff(),
        Exchange.Request("GET /ws/404"),
        Exchange.Request("GET /ws/own-name-ws").Shows(Differences.Location),
        Exchange.Request("HEAD /api/headers"),
        Exchange.Request("HEAD /api/404"),
        Exchange.Request("GET /api/range", "Range: bytes=0-4"),
        Exchange.Request("GET /api/match", "If-None-Match: \"1\""),
        Exchange.Request("GET /health/503"),
        Exchange.Post("POST /api/500", "hello"),
        Exchange.Post("POST /api/close", "hello"),
        Exchange.Of("`GET /api/stream`, of which the gateway sends the second half later", StreamAsync).Shows(Differences.AnswersAsTheyCome),
    ];

    static async Task<Observation> StreamAsync(Side side)
    {
        using var limit = new CancellationTokenSource(Side.Patience);
        await using var stream = await side.ConnectAsync(plain: false, limit.Token);
        const string Target = "/api/stream";
        var mark = side.Gateway.Expect($"answer {Target}");
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {Target} HTTP/1.1\r\nHost: {Side.Host}\r\n\r\n"), limit.Token);
        var first = new byte[1];
        await stream.ReadExactlyAsync(first, limit.Token);
        // Only a body that has begun counts: the head alone is no event.
        var seen = new MemoryStream();
        seen.Write(first);
        var buffer = new byte[4096];
        while (!Encoding.ASCII.GetString(seen.ToArray()).Contains("data: first", StringComparison.Ordinal)) seen.Write(buffer.AsSpan(0, await stream.ReadAsync(buffer, limit.Token)));
        mark.TrySetResult();
        await using var whole = new Joined(seen.ToArray(), stream);
        return await new AnswerReader(whole, limit.Token).ReadAsync();
    }

    /// <summary>What was read already, then the rest.</summary>
    sealed class Joined(byte[] head, Stream rest) : MemoryStream(head)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = Read(buffer.Span);
            return read > 0 ? read : await rest.ReadAsync(buffer, cancellationToken);
        }
    }
}
