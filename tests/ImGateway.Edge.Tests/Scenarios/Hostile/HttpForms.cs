namespace ImGateway.Edge.Tests.Scenarios.Hostile;

/// <summary>Bytes on an HTTP/1 connection, and what becomes of them.</summary>
/// <param name="Name">What is wrong with them.</param>
/// <param name="Bytes">Latin-1.</param>
/// <param name="Statuses">
/// Of all the answers, the last of them to a well-formed request that follows on the same connection; without it the connection is closed
/// after what was refused.
/// </param>
/// <param name="Forwarded">How many requests the upstream gets to see whole, the one that follows not counted.</param>
public sealed record HttpForm(string Name, string Bytes, string Statuses, int Forwarded = 0)
{
    public override string ToString() => Name;
}

/// <summary>
/// Ways to say a request so that two readers may take it for two different ones, by RFC 9112 and by what has been used against proxies.
/// What is refused is refused whole and the connection closed, because it is unknown where the next request begins.
/// </summary>
static class HttpForms
{
    const string Host = "Host: gateway.test\r\n";
    const string Smuggled = "GET /api/smuggled HTTP/1.1\r\nHost: gateway.test\r\n\r\n";
    const string Closed = "";
    const string Refused = "400";
    const string Served = "200 200";

    public static IReadOnlyList<HttpForm> All =>
    [
        .. LineEnds, .. RequestLines, .. Lengths, .. Codings, .. Both, .. Chunks, .. Trailers, .. Fields, .. Hosts, .. Upgrades, .. Expectations, .. Oversized,
    ];

    // RFC 9112 §2.2: a lone LF may be taken for the end of a line, a lone CR must not be.
    static IEnumerable<HttpForm> LineEnds =>
    [
        new("bare LF after the request line", $"GET /api HTTP/1.1\n{Host}\r\n", Refused),
        new("bare LF after a header", $"GET /api HTTP/1.1\r\n{Host}X: y\nZ: z\r\n\r\n", Refused),
        new("bare LF as the empty line", $"GET /api HTTP/1.1\r\n{Host}\n", Refused),
        new("bare LF twice ends no head", $"GET /api HTTP/1.1\r\n{Host}X: y\n\n{Smuggled}", Refused),
        new("bare CR after the request line", $"GET /api HTTP/1.1\r{Host}\r\n", Refused),
        new("bare CR in a header's value", $"GET /api HTTP/1.1\r\n{Host}X: y\rContent-Length: 5\r\n\r\n", Refused),
        new("bare CR in a header's name", $"GET /api HTTP/1.1\r\n{Host}X\rY: y\r\n\r\n", Refused),
        new("CR CR LF after a header", $"GET /api HTTP/1.1\r\n{Host}X: y\r\r\n\r\n", Refused),
        new("LF CR instead of CR LF", $"GET /api HTTP/1.1\r\n{Host}X: y\n\r\n\r", Refused),
        new("empty lines before a request are passed over", $"\r\n\r\nGET /api HTTP/1.1\r\n{Host}\r\n", Served, 1),
        new("a bare LF before a request is passed over too", $"\nGET /api HTTP/1.1\r\n{Host}\r\n", Served, 1),
        new("white space before a request", $" GET /api HTTP/1.1\r\n{Host}\r\n", Refused),
    ];

    static IEnumerable<HttpForm> RequestLines =>
    [
        new("two requests in a row", $"GET /api HTTP/1.1\r\n{Host}\r\nGET /api HTTP/1.1\r\n{Host}\r\n", "200 200 200", 2),
        new("HTTP/0.9", "GET /api\r\n\r\n", Refused),
        new("HTTP/1.0 ends its connection", $"GET /api HTTP/1.0\r\n{Host}\r\n", "200", 1),
        new("HTTP/1.0 that would stay", $"GET /api HTTP/1.0\r\n{Host}Connection: keep-alive\r\n\r\n", Served, 1),
        new("HTTP/1.2", $"GET /api HTTP/1.2\r\n{Host}\r\n", "505"),
        new("HTTP/2.0", $"GET /api HTTP/2.0\r\n{Host}\r\n", "505"),
        new("HTTP/1.10", $"GET /api HTTP/1.10\r\n{Host}\r\n", Refused),
        new("http/1.1 in lower case", $"GET /api http/1.1\r\n{Host}\r\n", "505"),
        new("HTTP/1.1 and a space", $"GET /api HTTP/1.1 \r\n{Host}\r\n", Refused),
        new("HTTP/1.1 and a request behind it", $"GET /api HTTP/1.1 HTTP/1.1\r\n{Host}\r\n", Refused),
        new("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Closed),
        new("two spaces before the target", $"GET  /api HTTP/1.1\r\n{Host}\r\n", Refused),
        new("a tab before the target", $"GET\t/api HTTP/1.1\r\n{Host}\r\n", Refused),
        new("no target", $"GET HTTP/1.1\r\n{Host}\r\n", Refused),
        new("a space in the target", $"GET /api /x HTTP/1.1\r\n{Host}\r\n", Refused),
        new("NUL in the target", $"GET /api\0 HTTP/1.1\r\n{Host}\r\n", Refused),
        new("control character in the target", $"GET /api\x01 HTTP/1.1\r\n{Host}\r\n", Refused),
        new("DEL in the target", $"GET /api\x7f HTTP/1.1\r\n{Host}\r\n", Refused),
        new("a byte above ASCII in the target", $"GET /api/\x00e9 HTTP/1.1\r\n{Host}\r\n", Refused),
        new("a fragment in the target", $"GET /api#x HTTP/1.1\r\n{Host}\r\n", Refused),
        new("control character in the method", $"G\x01T /api HTTP/1.1\r\n{Host}\r\n", Refused),
        new("separator in the method", $"GE(T /api HTTP/1.1\r\n{Host}\r\n", Refused),
        new("no method", $" /api HTTP/1.1\r\n{Host}\r\n", Refused),
        new("a method in lower case is another method", $"get /api HTTP/1.1\r\n{Host}\r\n", Served, 1),
        new("TRACE", $"TRACE /api HTTP/1.1\r\n{Host}\r\n", "405 200"),
        new("CONNECT", "CONNECT gateway.test:443 HTTP/1.1\r\nHost: gateway.test:443\r\n\r\n", "405 200"),
        new("TLS inside TLS", "\x16\x03\x01\x00\x05hello\r\n\r\n", Refused),
    ];

    // RFC 9112 §6.3 5.
    static IEnumerable<HttpForm> Lengths =>
    [
        new("two lengths that differ", Post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), Refused),
        new("two lengths that agree", Post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), Refused),
        new("a list of lengths", Post("Content-Length: 5, 5\r\n", "hello"), Refused),
        new("a list of lengths that differ", Post("Content-Length: 5, 6\r\n", "hello"), Refused),
        new("a negative length", Post("Content-Length: -5\r\n", "hello"), Refused),
        new("a length with a plus", Post("Content-Length: +5\r\n", "hello"), Refused),
        new("a length in hex", Post("Content-Length: 0x5\r\n", "hello"), Refused),
        new("a length with a space inside", Post("Content-Length: 5 5\r\n", "hello"), Refused),
        new("a length with an underscore", Post("Content-Length: 1_0\r\n", "hello"), Refused),
        new("a length with an exponent", Post("Content-Length: 5e0\r\n", "hello"), Refused),
        new("a length with a fraction", Post("Content-Length: 5.0\r\n", "hello"), Refused),
        new("an empty length", Post("Content-Length: \r\n", "hello"), Refused),
        new("a length beyond 64 bits", Post("Content-Length: 18446744073709551621\r\n", "hello"), Refused),
        new("a length beyond what is allowed", Post("Content-Length: 9223372036854775807\r\n", "hello"), "413"),
        new("a length with a vertical tab", Post("Content-Length: \x0b5\r\n", "hello"), Refused),
        new("a length with NUL", Post("Content-Length: 5\0\r\n", "hello"), Refused),
        new("a length in other digits", Post("Content-Length: \xd9\xa5\r\n", "hello"), Refused),
        new("a length with a leading zero", Post("Content-Length: 05\r\n", "hello"), Served, 1),
        new("a length with more leading zeros than digits fit a number", Post($"Content-Length: {new string('0', 30)}5\r\n", "hello"), Served, 1),
        new("a length with thirty digits", Post($"Content-Length: {new string('5', 30)}\r\n", "hello"), Refused),
        new("a length with a comma", Post("Content-Length: 1,0\r\n", "hello"), Refused),
        new("a length in brackets", Post("Content-Length: (5)\r\n", "hello"), Refused),
        new("a length with spaces around", Post("Content-Length:   5 \t\r\n", "hello"), Served, 1),
        new("a GET with a body", $"GET /api HTTP/1.1\r\n{Host}Content-Length: 51\r\n\r\n{Smuggled}", Served, 1),
        new("a request inside a body stays there", Post("Content-Length: 51\r\n", Smuggled), Served, 1),
        new("a POST without any framing has no body", $"POST /api HTTP/1.1\r\n{Host}\r\n", Served, 1),
        new("Content_Length", Post("Content-Length: 5\r\nContent_Length: 0\r\n", "hello"), Served, 1),
        new("a length that is named in Connection", Post("Content-Length: 5\r\nConnection: Content-Length\r\n", "hello"), Served, 1),
    ];

    // RFC 9112 §6.1: what does not end with chunked is 400; with it, but not by it alone, 501.
    static IEnumerable<HttpForm> Codings =>
    [
        new("chunked", Chunked("chunked"), Served, 1),
        new("Chunked in another case", Chunked("ChUnKeD"), Served, 1),
        new("xchunked", Chunked("xchunked"), Refused),
        new("chunked and chunked", Chunked("chunked, chunked"), "501"),
        new("chunked twice in two headers", Chunked("chunked\r\nTransfer-Encoding: chunked"), "501"),
        new("chunked and identity", Chunked("chunked, identity"), Refused),
        new("identity and chunked", Chunked("identity, chunked"), "501"),
        new("identity", Chunked("identity"), Refused),
        new("identity and a length", Post("Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "hello"), Refused),
        new("gzip and chunked", Chunked("gzip, chunked"), "501"),
        new("gzip and chunked in two headers", Chunked("gzip\r\nTransfer-Encoding: chunked"), "501"),
        new("gzip", Chunked("gzip"), Refused),
        new("an unknown coding in front", Chunked("cow, chunked"), "501"),
        new("chunked and a vertical tab", Chunked("chunked\x0b"), Refused),
        new("a vertical tab and chunked", Chunked("\x0b" + "chunked"), Refused),
        new("chunked and a tab", Chunked("chunked\t"), Served, 1),
        new("chunked and NUL", Chunked("chunked\0"), Refused),
        new("chunked in quotes", Chunked("\"chunked\""), Refused),
        new("chunked with a parameter", Chunked("chunked;q=1"), Refused),
        new("chunked and a comma", Chunked("chunked,"), "501"),
        new("a comma and chunked", Chunked(",chunked"), "501"),
        new("an empty coding", Chunked(""), Refused),
        new("a space before the colon", $"POST /api HTTP/1.1\r\n{Host}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", Refused),
        new("chunked in HTTP/1.0", $"POST /api HTTP/1.0\r\n{Host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Refused),
        new("Transfer_Encoding", Post("Content-Length: 5\r\nTransfer_Encoding: chunked\r\n", "hello"), Served, 1),
        new("chunked that is named in Connection", Chunked("chunked\r\nConnection: Transfer-Encoding"), Served, 1),
    ];

    // RFC 9112 §6.1: an attempt at smuggling; a server may reject it and ought to close.
    static IEnumerable<HttpForm> Both =>
    [
        new("a length and chunked", Post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), Refused),
        new("chunked and a length", Post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), Refused),
        new("CL.TE", Post("Content-Length: 56\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + Smuggled), Refused),
        new("TE.CL", Post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "33\r\n" + Smuggled + "\r\n0\r\n\r\n"), Refused),
        new("a length of nothing and chunked", Post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), Refused),
        new("chunked, a length and its older name", Post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\nX-Content-Length: 5\r\n", "0\r\n\r\n"), Closed),
        new("a length and a coding in another case", Post("Content-Length: 5\r\ntransfer-encoding: CHUNKED\r\n", "0\r\n\r\n"), Refused),
    ];

    // RFC 9112 §7.1. The head may have been sent to the upstream, whose request is aborted before the end of its invalid body.
    static IEnumerable<HttpForm> Chunks =>
    [
        new("a chunk size with 0x", Body("0x5\r\nhello\r\n0\r\n\r\n"), Refused),
        new("a chunk size with a plus", Body("+5\r\nhello\r\n0\r\n\r\n"), Refused),
        new("a chunk size with a minus", Body("-5\r\nhello\r\n0\r\n\r\n"), Refused),
        new("a chunk size with an underscore", Body("0_5\r\nhello\r\n0\r\n\r\n"), Refused),
        new("a chunk size with a space before", Body(" 5\r\nhello\r\n0\r\n\r\n"), Refused),
        new("a chunk size with a space behind", Body("5 \r\nhello\r\n0\r\n\r\n"), Refused),
        new("a chunk size of 64 bits", Body("ffffffffffffffff\r\nhello\r\n0\r\n\r\n"), Refused),
        new("a chunk size that wraps around", Body("100000005\r\nhello\r\n0\r\n\r\n"), Refused),
        new("a chunk size of the top bit", Body("80000005\r\nhello\r\n0\r\n\r\n"), Refused),
        new("no chunk size", Body("\r\nhello\r\n0\r\n\r\n"), Refused),
        new("a chunk size that is none", Body("g\r\nhello\r\n0\r\n\r\n"), Refused),
        new("a chunk size with leading zeros", Body("0005\r\nhello\r\n0\r\n\r\n"), Served, 1),
        new("a last chunk of many zeros", Body("5\r\nhello\r\n000\r\n\r\n"), Served, 1),
        new("a chunk extension", Body("5;a=b\r\nhello\r\n0\r\n\r\n"), Served, 1),
        new("a chunk extension with a bare LF", Body("5;a\nhello\r\n0\r\n\r\n"), Refused),
        new("a chunk extension with a bare LF and what others read there", Body($"2;\nxx\r\n45\r\n0\r\n\r\n{Smuggled}\r\n0\r\n\r\n"), Refused),
        new("a chunk extension with a bare CR", Body("5;a\rb\r\nhello\r\n0\r\n\r\n"), Refused),
        new("a long chunk extension counts as body and goes no further", Body("5;" + new string('a', 40_000) + "\r\nhello\r\n0\r\n\r\n"), Served, 1),
        new("a chunk size ended by a bare LF", Body("5\nhello\r\n0\r\n\r\n"), Refused),
        new("a chunk size ended by a bare CR", Body("5\rhello\r\n0\r\n\r\n"), Refused),
        new("a chunk longer than its size", Body("5\r\nhello!\r\n0\r\n\r\n"), Refused),
        new("a chunk ended by a bare LF", Body("5\r\nhello\n0\r\n\r\n"), Refused),
        new("a chunk ended by anything else", Body("5\r\nhelloxx0\r\n\r\n"), Refused),
        new("a last chunk ended by a bare LF", Body("5\r\nhello\r\n0\n\n"), Refused),
        new("more after the last chunk is the next request", Body($"5\r\nhello\r\n0\r\n\r\nGET /api HTTP/1.1\r\n{Host}\r\n"), "200 200 200", 2),
        new("something after the last chunk that is no request", Body("5\r\nhello\r\n0\r\n\r\nxyz\r\n\r\n"), "200 400", 1),
    ];

    // RFC 9110 §6.5.1: nothing that frames, routes or authenticates may come in a trailer. None is forwarded.
    static IEnumerable<HttpForm> Trailers =>
    [
        new("a trailer", Body("0\r\nX-Sum: 1\r\n\r\n"), Served, 1),
        new("a length as a trailer", Body("0\r\nContent-Length: 5\r\n\r\n"), Served, 1),
        new("a coding as a trailer", Body("0\r\nTransfer-Encoding: chunked\r\n\r\n"), Served, 1),
        new("a host as a trailer", Body("0\r\nHost: evil.test\r\n\r\n"), Served, 1),
        new("an address as a trailer", Body("0\r\nX-Real-IP: 6.6.6.6\r\n\r\n"), Served, 1),
        new("a trailer with a bare LF", Body("0\r\nX: y\nZ: z\r\n\r\n"), Refused),
        new("a trailer without a colon", Body("0\r\nnothing\r\n\r\n"), Refused),
        new("a folded trailer", Body("0\r\nX: y\r\n z\r\n\r\n"), Refused),
    ];

    // RFC 9112 §5, RFC 9110 §5.
    static IEnumerable<HttpForm> Fields =>
    [
        new("a folded header", Get("X: y\r\n z\r\n"), Refused),
        new("a header folded with a tab", Get("X: y\r\n\tz\r\n"), Refused),
        new("a first header that is folded", $"GET /api HTTP/1.1\r\n X: y\r\n{Host}\r\n", Refused),
        new("a space before a colon", Get("X : y\r\n"), Refused),
        new("a tab before a colon", Get("X\t: y\r\n"), Refused),
        new("a header without a colon", Get("nothing\r\n"), Refused),
        new("a header without a name", Get(": y\r\n"), Refused),
        new("a space inside a name", Get("X Y: y\r\n"), Refused),
        new("NUL in a name", Get("X\0Y: y\r\n"), Refused),
        new("control character in a name", Get("X\x01Y: y\r\n"), Refused),
        new("separator in a name", Get("X(Y): y\r\n"), Refused),
        new("a byte above ASCII in a name", Get("X\x00e9: y\r\n"), Refused),
        new("a length whose name has a byte too many", Post("Content-Length: 5\r\n\xef\xbb\xbf" + "Content-Length: 0\r\n", "hello"), Refused),
        new("a colon in front of a name", Get(":X: y\r\n"), Refused),
        new("NUL in a value", Get("X: a\0b\r\n"), Refused),
        new("control character in a value", Get("X: a\x01" + "b\r\n"), Refused),
        new("escape in a value", Get("X: a\x1b[2Jb\r\n"), Refused),
        new("vertical tab in a value", Get("X: a\x0b" + "b\r\n"), Refused),
        new("DEL in a value", Get("X: a\x7f" + "b\r\n"), Refused),
        new("a tab in a value", Get("X: a\tb\r\n"), Served, 1),
        new("an empty value", Get("X:\r\n"), Served, 1),
        new("UTF-8 in a value", Get("X: \xc3\xa9\r\n"), Served, 1),
        new("names with underscores are dropped", Get("X_Real_IP: 6.6.6.6\r\n"), Served, 1),
        new("Connection names the credentials", Get("Authorization: Bearer x\r\nConnection: Authorization\r\n"), Served, 1),
        new("Connection names the host", Get("Connection: Host\r\n"), Served, 1),
    ];

    // RFC 9112 §3.2: exactly one, and it is what is routed by.
    static IEnumerable<HttpForm> Hosts =>
    [
        new("no host", "GET /api HTTP/1.1\r\n\r\n", Refused),
        new("two hosts", $"GET /api HTTP/1.1\r\n{Host}Host: evil.test\r\n\r\n", Refused),
        new("two hosts that agree", $"GET /api HTTP/1.1\r\n{Host}{Host}\r\n", Refused),
        new("two hosts in a list", "GET /api HTTP/1.1\r\nHost: gateway.test, evil.test\r\n\r\n", Refused),
        new("a host with user information", "GET /api HTTP/1.1\r\nHost: user@gateway.test\r\n\r\n", Refused),
        new("a host with a space", "GET /api HTTP/1.1\r\nHost: gateway.test evil.test\r\n\r\n", Refused),
        new("a host with a path", "GET /api HTTP/1.1\r\nHost: gateway.test/x\r\n\r\n", Refused),
        new("a host with NUL", "GET /api HTTP/1.1\r\nHost: gateway.test\0.evil\r\n\r\n", Refused),
        new("a host with a port that is none", "GET /api HTTP/1.1\r\nHost: gateway.test:80x\r\n\r\n", Refused),
        new("an empty host", "GET /api HTTP/1.1\r\nHost:\r\n\r\n", "421 200"),
        new("another host", "GET /api HTTP/1.1\r\nHost: evil.test\r\n\r\n", "421 200"),
        new("an absolute form for another host", $"GET http://evil.test/api HTTP/1.1\r\n{Host}\r\n", Refused),
        new("an absolute form with user information", $"GET http://user@gateway.test/api HTTP/1.1\r\n{Host}\r\n", Refused),
        new("an absolute form for this host", $"GET http://gateway.test/api HTTP/1.1\r\n{Host}\r\n", Served, 1),
        new("an absolute form of another scheme", $"GET ftp://gateway.test/api HTTP/1.1\r\n{Host}\r\n", Refused),
    ];

    // RFC 9110 §7.8: what is not understood is passed over, and never to the upstream.
    static IEnumerable<HttpForm> Upgrades =>
    [
        new("an upgrade to h2c", Get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"), Served, 1),
        new("an upgrade to TLS", Get("Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n"), Served, 1),
        new("an upgrade by another method than GET", Post("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n", "hello"), Served, 1),
        new("an upgrade with chunks", Post("Connection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), Served, 1),
        new("an upgrade in HTTP/1.0", $"GET /api HTTP/1.0\r\n{Host}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "200", 1),
        new("an upgrade where there is no WebSocket", Get("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"), "403 200"),
    ];

    // RFC 9110 §10.1.1.
    static IEnumerable<HttpForm> Expectations =>
    [
        new("100-continue", Post("Expect: 100-continue\r\nContent-Length: 5\r\n", "hello"), Served, 1),
        new("100-continue without a body", Get("Expect: 100-continue\r\n"), Served, 1),
        new("another expectation is the upstream's to judge", Post("Expect: cow\r\nContent-Length: 5\r\n", "hello"), Served, 1),
    ];

    static IEnumerable<HttpForm> Oversized =>
    [
        new("a target without end", $"GET /api/{new string('a', 100_000)} HTTP/1.1\r\n{Host}\r\n", "414"),
        new("a method without end", $"{new string('A', 100_000)} /api HTTP/1.1\r\n{Host}\r\n", "414"),
        new("a header without end", Get($"X: {new string('a', 100_000)}\r\n"), "431"),
        new("10,000 headers", Get(string.Concat(Enumerable.Range(0, 10_000).Select(i => $"X-{i}: y\r\n"))), "431"),
        new("200 headers", Get(string.Concat(Enumerable.Range(0, 200).Select(i => $"X-{i}: y\r\n"))), "431"),
        new("a name without end", Get($"{new string('X', 100_000)}: y\r\n"), "431"),
    ];

    static string Get(string headers) => $"GET /api HTTP/1.1\r\n{Host}{headers}\r\n";

    static string Post(string headers, string body) => $"POST /api HTTP/1.1\r\n{Host}{headers}\r\n{body}";

    static string Chunked(string coding) => Post($"Transfer-Encoding: {coding}\r\n", "5\r\nhello\r\n0\r\n\r\n");

    static string Body(string chunks) => Post("Transfer-Encoding: chunked\r\n", chunks);
}
