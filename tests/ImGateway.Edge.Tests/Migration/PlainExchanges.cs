namespace ImGateway.Edge.Tests.Migration;

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
        Exchange.Plain("POST /api", "Content-Length: 0"),
        Exchange.Plain("PUT /api/users/7", "Content-Length: 0"),
        Exchange.Plain("OPTIONS /api"),
        Exchange.Plain("DELETE /api"),
        Exchange.Plain("TRACE /"),
        Exchange.Plain("GET /", "Host: GATEWAY.example.com"),
        Exchange.Plain("GET /", "Host: gateway.example.com:80"),
        Exchange.Plain("GET /", "Host: gateway.example.com:8080"),
        Exchange.Plain("GET /", "Host: other.example.com"),
        Exchange.Plain("GET /", "Host: 127.0.0.1"),
        Exchange.Plain("GET / HTTP/1.0", Exchange.NoHost),
        Exchange.Plain("GET /", Exchange.NoHost),
        Exchange.Plain("GET /a/../b"),
        Exchange.Plain("GET //evil.example/"),
        Exchange.Plain("GET /%0d%0aSet-Cookie:x"),
        Exchange.Plain("GET /\\evil.example"),
        Exchange.Plain("GET http://gateway.example.com/absolute"),
        Exchange.Plain($"GET /{new string('u', 9000)}"),
        Exchange.Plain("GET /ws", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
        Exchange.Plain($"{Challenge}token-of-certbot"),
        Exchange.Plain($"{Challenge}unknown"),
        Exchange.Plain($"{Challenge}../../secret"),
        Exchange.Plain("POST /.well-known/acme-challenge/token-of-certbot", "Content-Length: 0"),
        Exchange.Plain("GET /.well-known/other"),
    ];

    public static IEnumerable<Exchange> Rejecting() =>
    [
        Exchange.Plain("GET /api/rejected"),
        Exchange.Plain("POST /ws/rejected", "Content-Length: 0"),
        Exchange.Plain("HEAD /rejected"),
        Exchange.Plain("GET /rejected", "Host: other.example.com"),
        Exchange.Plain($"{Challenge}rejected"),
    ];
}
