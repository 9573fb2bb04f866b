namespace ImGateway.Edge.Tests.Migration;

/// <summary>Which path goes where, and how it arrives.</summary>
static class PathExchanges
{
    public static IEnumerable<Exchange> All() => [.. Routes(), .. Spellings(), .. Methods(), .. Forms()];

    static IEnumerable<Exchange> Routes() =>
    [
        Exchange.Request("GET /api"),
        Exchange.Request("GET /api/"),
        Exchange.Request("GET /api/users/7"),
        Exchange.Request("GET /api?"),
        Exchange.Request("GET /api?x=1&y=%20&z=/../a"),
        Exchange.Request("GET /api/users?next=https://example.com/a//b"),
        Exchange.Request("GET /ws"),
        Exchange.Request("GET /ws/"),
        Exchange.Request("GET /ws/room/7?token=t"),
        Exchange.Request("GET /health"),
        Exchange.Request("GET /health/live?verbose"),
        Exchange.Request("GET /apix"),
        Exchange.Request("GET /wss"),
        Exchange.Request("GET /healthz"),
        Exchange.Request("GET /API"),
        Exchange.Request("GET /Health"),
        Exchange.Request("GET /"),
        Exchange.Request("GET /index.html"),
        Exchange.Request("GET /nowhere/at/all?x=1"),
        Exchange.Request("HEAD /nowhere"),
        Exchange.Request("POST /nowhere", "Content-Length: 0"),
    ];

    static IEnumerable<Exchange> Spellings() =>
    [
        Exchange.Request("GET //api"),
        Exchange.Request("GET /api//users"),
        Exchange.Request("GET //"),
        Exchange.Request("GET /%61pi"),
        Exchange.Request("GET /api%2Fusers"),
        Exchange.Request("GET /api/a%2Fb"),
        Exchange.Request("GET /api/a%20b"),
        Exchange.Request("GET /api/%C3%A9"),
        Exchange.Request("GET /api/\u00e9"),
        Exchange.Request("GET /api/%7Euser"),
        Exchange.Request("GET /api/~user/@:!$&'()*,;=+"),
        Exchange.Request("GET /api/a;v=1/b"),
        Exchange.Request("GET /api/{a}|[b]\"^<c>"),
        Exchange.Request("GET /api/./users"),
        Exchange.Request("GET /api/../health"),
        Exchange.Request("GET /api/.."),
        Exchange.Request("GET /nowhere/../api"),
        Exchange.Request("GET /api/%2e%2e/health"),
        Exchange.Request("GET /api/..%2fhealth"),
        Exchange.Request("GET /api/..;/admin"),
        Exchange.Request("GET /../../etc/passwd"),
        Exchange.Request("GET /api\\users"),
        Exchange.Request("GET /api/%5c..%5cadmin"),
        Exchange.Request("GET /api/%zz"),
        Exchange.Request("GET /api/100%"),
        Exchange.Request("GET /api/%00"),
        Exchange.Request("GET /api/a#b"),
        Exchange.Request("GET /api/..."),
        Exchange.Request("GET /api/.hidden"),
        Exchange.Request($"GET /api/{new string('u', 8000)}"),
        Exchange.Request($"GET /api/{new string('u', 9000)}"),
        Exchange.Request($"GET /api?{new string('q', 9000)}"),
    ];

    static IEnumerable<Exchange> Methods() =>
    [
        Exchange.Request("HEAD /api"),
        Exchange.Request("OPTIONS /api", "Origin: https://app.example.com", "Access-Control-Request-Method: PUT"),
        Exchange.Request("DELETE /api/users/7"),
        Exchange.Request("PROPFIND /api"),
        Exchange.Request("M-SEARCH /api"),
        Exchange.Request("get /api"),
        Exchange.Request("TRACE /api"),
        Exchange.Request("CONNECT gateway.example.com:443"),
        Exchange.Request("OPTIONS *"),
    ];

    static IEnumerable<Exchange> Forms() =>
    [
        Exchange.Request("GET https://gateway.example.com/api/absolute"),
        Exchange.Request("GET https://other.example.com/api", "Host: gateway.example.com"),
        Exchange.Request("GET api"),
        Exchange.Request("GET /api HTTP/1.0"),
        Exchange.Request("GET /api HTTP/1.0", "Connection: keep-alive"),
        Exchange.Request("GET /api HTTP/1.0", Exchange.NoHost),
        Exchange.Request("GET /api HTTP/1.2"),
        Exchange.Request("GET /api HTTP/2.0"),
        Exchange.Raw("`GET /api`, without a version", "GET /api\r\n"),
        Exchange.Raw("`GET /api`, lines that end in LF", "GET /api HTTP/1.1\nHost: gateway.example.com\n\n"),
        Exchange.Raw("an empty line before `GET /api`", "\r\nGET /api HTTP/1.1\r\nHost: gateway.example.com\r\n\r\n"),
        Exchange.Raw("`GET  /api`, two spaces", "GET  /api HTTP/1.1\r\nHost: gateway.example.com\r\n\r\n"),
        Exchange.Raw("`GET /api`, `Connection: close`", "GET /api HTTP/1.1\r\nHost: gateway.example.com\r\nConnection: close\r\n\r\n"),
    ];
}
