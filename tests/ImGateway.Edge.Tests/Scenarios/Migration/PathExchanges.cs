namespace ImGateway.Edge.Tests.Scenarios.Migration;

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
        Exchange.Request("GET /apix").Shows(Differences.Prefixes),
        Exchange.Request("GET /wss").Shows(Differences.Prefixes),
        Exchange.Request("GET /healthz").Shows(Differences.Prefixes),
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
        Exchange.Request("GET //api").Shows(Differences.AsSent),
        Exchange.Request("GET /api//users"),
        Exchange.Request("GET //"),
        Exchange.Request("GET /%61pi").Shows(Differences.AsSent),
        Exchange.Request("GET /api%2Fusers").Shows(Differences.AsSent),
        Exchange.Request("GET /api/a%2Fb"),
        Exchange.Request("GET /api/a%20b"),
        Exchange.Request("GET /api/%C3%A9"),
        Exchange.Request("GET /api/\u00e9").Shows(Differences.Ascii),
        Exchange.Request("GET /api/%7Euser"),
        Exchange.Request("GET /api/~user/@:!$&'()*,;=+"),
        Exchange.Request("GET /api/a;v=1/b"),
        Exchange.Request("GET /api/{a}|[b]\"^<c>"),
        Exchange.Request("GET /api/./users").Shows(Differences.Ambiguous),
        Exchange.Request("GET /api/../health").Shows(Differences.Ambiguous),
        Exchange.Request("GET /api/..").Shows(Differences.Ambiguous),
        Exchange.Request("GET /nowhere/../api").Shows(Differences.Ambiguous),
        Exchange.Request("GET /api/%2e%2e/health").Shows(Differences.Ambiguous),
        Exchange.Request("GET /api/..%2fhealth").Shows(Differences.Ambiguous),
        Exchange.Request("GET /api/..;/admin").Shows(Differences.Ambiguous),
        Exchange.Request("GET /../../etc/passwd"),
        Exchange.Request("GET /api\\users").Shows(Differences.Ambiguous),
        Exchange.Request("GET /api/%5c..%5cadmin").Shows(Differences.Ambiguous),
        Exchange.Request("GET /api/%zz"),
        Exchange.Request("GET /api/100%"),
        Exchange.Request("GET /api/%00"),
        Exchange.Request("GET /api/a#b").Shows(Differences.Ambiguous),
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
        Exchange.Request("PROPFIND /api").Shows(Differences.NoBody),
        Exchange.Request("M-SEARCH /api").Shows(Differences.NoBody),
        Exchange.Request("get /api").Shows(Differences.SmallMethods),
        Exchange.Request("TRACE /api"),
        Exchange.Request("CONNECT gateway.example.com:443"),
        Exchange.Request("OPTIONS *"),
    ];

    static IEnumerable<Exchange> Forms() =>
    [
        Exchange.Request("GET https://gateway.example.com/api/absolute"),
        Exchange.Request("GET https://other.example.com/api", "Host: gateway.example.com").Shows(Differences.TwoHosts),
        Exchange.Request("GET api").Shows(Differences.NoSlash),
        Exchange.Request("GET /api HTTP/1.0"),
        Exchange.Request("GET /api HTTP/1.0", "Connection: keep-alive"),
        Exchange.Request("GET /api HTTP/1.0", Exchange.NoHost).Shows(Differences.UnknownHosts),
        Exchange.Request("GET /api HTTP/1.2").Shows(Differences.Versions),
        Exchange.Request("GET /api HTTP/2.0"),
        Exchange.Raw("`GET /api`, without a version", "GET /api\r\n").Shows(Differences.Versions),
        Exchange.Raw("`GET /api`, lines that end in LF", "GET /api HTTP/1.1\nHost: gateway.example.com\n\n").Shows(Differences.Lines),
        Exchange.Raw("an empty line before `GET /api`", "\r\nGET /api HTTP/1.1\r\nHost: gateway.example.com\r\n\r\n"),
        Exchange.Raw("`GET  /api`, two spaces", "GET  /api HTTP/1.1\r\nHost: gateway.example.com\r\n\r\n").Shows(Differences.Lines),
        Exchange.Raw("`GET /api`, `Connection: close`", "GET /api HTTP/1.1\r\nHost: gateway.example.com\r\nConnection: close\r\n\r\n"),
    ];
}
