namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>Headers of requests: what passes, what is replaced, what is refused.</summary>
static class HeaderExchanges
{
    public static IEnumerable<Exchange> All() => [.. Passing(), .. Forwarding(), .. Hosts(), .. Odd()];

    static IEnumerable<Exchange> Passing() =>
    [
        Exchange.Request("GET /api", "User-Agent: phone/1.0", "Accept: */*", "Accept-Encoding: gzip, br", "Accept-Language: de", "Referer: https://example.com/"),
        Exchange.Request("GET /api", "Authorization: Bearer secret", "Cookie: a=1; b=2"),
        Exchange.Request("GET /api", "Cookie: a=1", "Cookie: b=2"),
        Exchange.Request("GET /api", "X-Twice: 1", "X-Twice: 2", "X-Empty:", "X-Spaces:    padded   "),
        Exchange.Request("GET /api", "X-Latin: caf\u00e9"),
        Exchange.Request("GET /api", "If-None-Match: \"1\"", "If-Modified-Since: Thu, 26 Nov 2026 10:00:00 GMT"),
        Exchange.Request("GET /api", "Origin: https://evil.example"),
        Exchange.Request("GET /api", "Via: 1.1 inner", "Max-Forwards: 5", "Pragma: no-cache", "Cache-Control: no-cache", "From: a@example.com"),
        Exchange.Request("GET /api", "X-Request-Id: 7f3a", "X-Correlation-Id: 9"),
        Exchange.Request("GET /api", "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate: a=1"),
        Exchange.Request("GET /api", "traceparent: 00-none", "tracestate: a=1").Shows(Differences.TraceState),
    ];

    static IEnumerable<Exchange> Forwarding() =>
    [
        Exchange.Request("GET /api", "X-Forwarded-For: 203.0.113.9").Shows(Differences.Spoofed),
        Exchange.Request("GET /ws", "X-Forwarded-For: 203.0.113.9, 10.0.0.1").Shows(Differences.Spoofed),
        Exchange.Request("GET /health", "X-Forwarded-For: 203.0.113.9", "X-Real-IP: 203.0.113.9"),
        Exchange.Request("GET /api", "X-Real-IP: 203.0.113.9"),
        Exchange.Request("GET /api", "X-Forwarded-Proto: http"),
        Exchange.Request("GET /api", "X-Forwarded-Host: evil.example"),
        Exchange.Request("GET /api", "X-Forwarded-Port: 22", "X-Forwarded-Prefix: /admin").Shows(Differences.Misleading),
        Exchange.Request("GET /api", "Forwarded: for=203.0.113.9;host=evil.example").Shows(Differences.Misleading),
        Exchange.Request("GET /api", "X-Original-URL: /admin", "X-Rewrite-URL: /admin").Shows(Differences.Misleading),
        Exchange.Request("GET /api", "X_Forwarded_For: 203.0.113.9", "X_Custom: 1"),
    ];

    static IEnumerable<Exchange> Hosts() =>
    [
        Exchange.Request("GET /api", "Host: GATEWAY.example.com").Shows(Differences.HostAsSent),
        Exchange.Request("GET /api", "Host: gateway.example.com:443").Shows(Differences.HostAsSent),
        Exchange.Request("GET /api", "Host: gateway.example.com.").Shows(Differences.HostAsSent),
        Exchange.Request("GET /api", "Host: other.example.com").Shows(Differences.UnknownHosts),
        Exchange.Request("GET /api", "Host: 127.0.0.1").Shows(Differences.UnknownHosts),
        Exchange.Request("GET /api", "Host:").Shows(Differences.UnknownHosts),
        Exchange.Request("GET /api", Exchange.NoHost),
        Exchange.Request("GET /api", "Host: gateway.example.com", "Host: gateway.example.com"),
        Exchange.Request("GET /api", "Host: gateway.example.com/x"),
        Exchange.Request("GET /api", "Host: gateway_example.com").Shows(Differences.UnknownHosts),
    ];

    static IEnumerable<Exchange> Odd() =>
    [
        Exchange.Request("GET /api", "Connection: X-Nominated", "X-Nominated: 1").Shows(Differences.OneHop),
        Exchange.Request("GET /api", "Connection: close, X-Real-IP"),
        Exchange.Request("GET /api", "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive").Shows(Differences.OneHop),
        Exchange.Request("GET /api", "Proxy-Authorization: Basic eDp5").Shows(Differences.OneHop),
        Exchange.Request("GET /api", "TE: trailers"),
        Exchange.Request("GET /api", "X.Dotted: 1", "X!Odd: 1").Shows(Differences.HeaderNames),
        Exchange.Request("GET /api", "X(y): 1").Shows(Differences.NoHeader),
        Exchange.Request("GET /api", "X-Null: a\0b"),
        Exchange.Request("GET /api", "X-Bell: a\u0007b").Shows(Differences.NoHeader),
        Exchange.Request("GET /api", "X-Space : 1"),
        Exchange.Request("GET /api", "X-Folded: a\r\n b"),
        Exchange.Request("GET /api", ": nameless"),
        Exchange.Request("GET /api", "no colon"),
        Exchange.Request("GET /api", $"X-Large: {new string('l', 7000)}"),
        Exchange.Request("GET /api", $"X-Larger: {new string('l', 10_000)}").Shows(Differences.LargeHeader),
        Exchange.Raw(
            "`GET /api`, 40 headers of 1,000 bytes",
            $"GET /api HTTP/1.1\r\nHost: gateway.example.com\r\n{string.Concat(Enumerable.Range(0, 40).Select(i => $"X-{i}: {new string('m', 1000)}\r\n"))}\r\n").Shows(Differences.ManyHeaders),
        Exchange.Raw(
            "`GET /api`, 200 headers",
            $"GET /api HTTP/1.1\r\nHost: gateway.example.com\r\n{string.Concat(Enumerable.Range(0, 200).Select(i => $"X-{i}: 1\r\n"))}\r\n").Shows(Differences.ManyHeaders),
    ];
}
