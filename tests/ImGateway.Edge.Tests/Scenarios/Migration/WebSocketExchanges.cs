using System.Text;

namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>Upgrades, granted and otherwise, and the bytes behind them.</summary>
static class WebSocketExchanges
{
    const string Key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    const string Version = "Sec-WebSocket-Version: 13";

    // "hello", masked by zeros, and a Close with its code (RFC 6455 §5.2): an echo of the bytes is equal to them.
    const string Frames = "\u0081\u0085\0\0\0\0hello\u0088\u0082\0\0\0\0\u0003\u00e8";

    public static IEnumerable<Exchange> All() =>
    [
        Echo("GET /ws", Frames),
        Echo("GET /ws/room/7?token=secret", Frames),
        Echo("GET /ws", Large(100_000), "Sec-WebSocket-Extensions: permessage-deflate"),
        Echo("GET /ws", Frames, "Sec-WebSocket-Protocol: chat.v2, chat.v1"),
        Echo("GET /ws", Frames, "Origin: https://evil.example", "Cookie: session=1"),
        Exchange.Of("a WebSocket on `/ws` that the gateway closes", side => UpgradedAsync(side, Head("GET /ws/bye"), "")),
        Upgrade("GET /ws/refuse"),
        Upgrade("GET /ws/wrong-accept").Shows(Differences.NoTunnels),
        Upgrade("GET /wss").Shows(Differences.Prefixes),
        Upgrade("GET /api").Shows(Differences.OnlyThere),
        Upgrade("GET /health").Shows(Differences.OnlyThere),
        Upgrade("GET /nowhere"),
        Upgrade("POST /ws").Shows(Differences.OnlyWebSockets, Differences.NoBody),
        Upgrade("GET /ws HTTP/1.0").Shows(Differences.OnlyWebSockets),
        Exchange.Request("GET /ws", "Connection: Upgrade", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA").Shows(Differences.OnlyWebSockets),
        Exchange.Request("GET /ws", "Connection: Upgrade", "Upgrade: tcp").Shows(Differences.OnlyWebSockets),
        Exchange.Request("GET /ws", "Upgrade: websocket", Version, Key).Shows(Differences.OnlyWebSockets),
        Exchange.Request("GET /ws", "Connection: keep-alive, Upgrade", "Upgrade: WebSocket", Version, Key),
        Exchange.Request("GET /ws", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 8", Key),
        Exchange.Request("GET /ws", "Connection: Upgrade", "Upgrade: websocket", Version).Shows(Differences.NoTunnels),
    ];

    static Exchange Upgrade(string line) => Exchange.Request(line, "Connection: Upgrade", "Upgrade: websocket", Version, Key);

    static Exchange Echo(string line, string frames, params string[] headers)
    {
        var shown = string.Join(", ", headers.Select(header => $"`{header}`").Prepend($"`{line}`"));
        return Exchange.Of($"a WebSocket on {shown}, {frames.Length} bytes each way", side => UpgradedAsync(side, Head(line, headers), frames));
    }

    static string Head(string line, params string[] headers) =>
        $"{line} HTTP/1.1\r\nHost: {Side.Host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{Version}\r\n{Key}\r\n{string.Concat(headers.Select(header => header + "\r\n"))}\r\n";

    /// <summary>One frame of binary data, masked by zeros.</summary>
    static string Large(int length) => $"\u0082\u00ff\0\0\0\0{(char)(length >> 24)}{(char)(length >> 16 & 255)}{(char)(length >> 8 & 255)}{(char)(length & 255)}\0\0\0\0{new string('d', length)}";

    static async Task<Observation> UpgradedAsync(Side side, string head, string frames)
    {
        using var limit = new CancellationTokenSource(Side.Patience);
        await using var stream = await side.ConnectAsync(plain: false, limit.Token);
        await stream.WriteAsync(Encoding.Latin1.GetBytes(head), limit.Token);
        var reader = new AnswerReader(stream, limit.Token);
        var answer = await reader.ReadAsync();
        if (frames.Length == 0) return answer with { Body = await reader.ReadToEndAsync() };
        var sending = stream.WriteAsync(Encoding.Latin1.GetBytes(frames), limit.Token);
        var echoed = await reader.ReadAsync(frames.Length);
        await sending;
        return answer with { Body = echoed == frames ? "the same bytes" : $"{echoed.Length} other bytes" };
    }
}
