namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>Port 80, in both of the guide's ways.</summary>
static class PlainExchanges
{
    const string Challenge = "GET /.well-known/acme-challenge/";

    public static IEnumerable<Exchange> Redirecting() =>
    [
        Exchange.Plain("GET /"),
        Exchange.Plain("GET /api?x=1&y=%20"),
        Exchange.Plain("GET /ws"),
        Exchange.Plain("GET /no//where/%2F"),
        Exchange.Plain("HEAD /api"),
        Exchange.Plain("POST /api", "Content-Length: 0").Shows(Differences.Redirect308),
        Exchange.Plain("PUT /api/users/7", "Content-Length: 0").Shows(Differences.Redirect308),
        Exchange.Plain("OPTIONS /api").Shows(Differences.Redirect308),
        Exchange.Plain("DELETE /api").Shows(Differences.Redirect308),
        Exchange.Plain("TRACE /").Shows(Differences.Redirect308),
        Exchange.Plain("GET /", "Host: GATEWAY.example.com"),
        Exchange.Plain("GET /", "Host: gateway.example.com:80"),
        Exchange.Plain("GET /", "Host: gateway.example.com:8080"),
        Exchange.Plain("GET /", "Host: other.example.com").Shows(Differences.UnknownHosts),
        Exchange.Plain("GET /", "Host: 127.0.0.1").Shows(Differences.UnknownHosts),
        Exchange.Plain("GET / HTTP/1.0", Exchange.NoHost).Shows(Differences.UnknownHosts),
        Exchange.Plain("GET /", Exchange.NoHost),
        Exchange.Plain("GET /a/../b").Shows(Differences.Ambiguous),
        Exchange.Plain("GET //evil.example/"),
        Exchange.Plain("GET /%0d%0aSet-Cookie:x"),
        Exchange.Plain("GET /\\evil.example").Shows(Differences.Ambiguous),
        Exchange.Plain("GET http://gateway.example.com/absolute"),
        Exchange.Plain($"GET /{new string('u', 9000)}"),
        Exchange.Plain("GET /ws", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
        Exchange.Plain($"{Challenge}token-of-certbot").Shows(Differences.NoWebroot),
        Exchange.Plain($"{Challenge}unknown"),
        Exchange.Plain($"{Challenge}../../secret").Shows(Differences.Ambiguous),
        Exchange.Plain("POST /.well-known/acme-challenge/token-of-certbot", "Content-Length: 0").Shows(Differences.Redirect308),
        Exchange.Plain("GET /.well-known/other"),
    ];

    public static IEnumerable<Exchange> Rejecting() =>
    [
        Exchange.Plain("GET /api/rejected").Shows(Differences.LineEnd),
        Exchange.Plain("POST /ws/rejected", "Content-Length: 0").Shows(Differences.LineEnd),
        Exchange.Plain("HEAD /rejected"),
        Exchange.Plain("GET /rejected", "Host: other.example.com").Shows(Differences.LineEnd),
        Exchange.Plain($"{Challenge}rejected"),
    ];
}
