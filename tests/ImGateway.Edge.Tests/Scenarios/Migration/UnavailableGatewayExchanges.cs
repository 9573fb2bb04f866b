namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>The gateway does not take connections.</summary>
static class UnavailableGatewayExchanges
{
    public static IEnumerable<Exchange> All() => from exchange in Each() select exchange with { Name = $"Gateway away: {exchange.Name}" };

    /// <summary>An address from which no packet comes back, not even a reset.</summary>
    public static Exchange Silent() => Exchange.Of(
        "`GET /api` for a gateway that takes no connection for eight seconds",
        side => TimeExchanges.OpenAfterAsync(side, TimeSpan.FromSeconds(8), plain: false, $"GET /api HTTP/1.1\r\nHost: {Side.Host}\r\n\r\n")) with
    { IsAlone = false, Differences = [Differences.SlowConnect] };

    static IEnumerable<Exchange> Each() =>
    [
        Exchange.Request("GET /api/away"),
        Exchange.Post("POST /api/away", "hello"),
        Exchange.Request("GET /health"),
        Exchange.Request("GET /ws", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
    ];
}
