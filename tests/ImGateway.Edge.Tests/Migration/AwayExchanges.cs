namespace ImGateway.Edge.Tests.Migration;

/// <summary>The gateway does not take connections.</summary>
static class AwayExchanges
{
    public static IEnumerable<Exchange> All() => from exchange in Each() select exchange with { Name = $"Gateway away: {exchange.Name}" };

    static IEnumerable<Exchange> Each() =>
    [
        Exchange.Request("GET /api/away"),
        Exchange.Post("POST /api/away", "hello"),
        Exchange.Request("GET /health"),
        Exchange.Request("GET /ws", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
    ];
}
