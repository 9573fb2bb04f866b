using System.Text;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Hostile;

/// <summary>Frames on an HTTP/2 connection that is open, and how it ends.</summary>
/// <param name="Name">What is wrong with them.</param>
/// <param name="Frames">Sent at once.</param>
/// <param name="Outcome">
/// <c>goaway N</c> and <c>reset N</c> name an error code of RFC 9113 §7, a number is the status of stream 1, <c>none</c> means that the
/// connection goes on as if nothing had been.
/// </param>
/// <param name="Forwarded">How many requests the upstream gets to see; -1 where that is a matter of timing.</param>
public sealed record H2Form(string Name, H2Frame[] Frames, string Outcome, int Forwarded = 0)
{
    public override string ToString() => Name;
}

/// <summary>HTTP/2 by the letter of RFC 9113, §4 to §8.</summary>
static class H2Forms
{
    const string ProtocolError = "goaway 1", FlowControlError = "goaway 3", StreamClosed = "goaway 5", FrameSizeError = "goaway 6", CompressionError = "goaway 9";

    static readonly H2Frame Open = H2Frame.Headers(1, H2Headers.Block(H2Headers.Request("POST")), H2Frame.EndHeaders);

    public static IReadOnlyList<H2Form> All => [.. Framing, .. Streams, .. Windows, .. Settings, .. Blocks, .. Pseudo, .. Fields, .. Bodies];

    // §4, §6
    static IEnumerable<H2Form> Framing =>
    [
        new("a frame that claims 16 MiB", [H2Frame.Of(H2Type.Data, 1, new byte[16]) with { ClaimedLength = 0xff_ffff }], FrameSizeError),
        new("a frame one byte too long", [H2Frame.Of(H2Type.Headers, 1, new byte[16_385], H2Frame.EndHeaders)], FrameSizeError),
        new("an unknown type is passed over", [H2Frame.Of((H2Type)0xbe, 0, new byte[100]), H2Frame.Of((H2Type)0xff, 77, [])], "none"),
        new("PUSH_PROMISE from a client", [H2Frame.Of(H2Type.PushPromise, 1, new byte[8])], ProtocolError),
        new("DATA on stream 0", [H2Frame.Of(H2Type.Data, 0, [1])], ProtocolError),
        new("HEADERS on stream 0", [H2Frame.Headers(0, H2Headers.Get())], ProtocolError),
        new("RST_STREAM on stream 0", [H2Frame.Reset(0)], ProtocolError),
        new("PING on a stream", [H2Frame.Of(H2Type.Ping, 1, new byte[8])], ProtocolError),
        new("PING of another length", [H2Frame.Of(H2Type.Ping, 0, new byte[7])], FrameSizeError),
        new("RST_STREAM of another length", [Open, H2Frame.Of(H2Type.RstStream, 1, new byte[5])], FrameSizeError),
        new("PRIORITY of another length", [H2Frame.Of(H2Type.Priority, 1, new byte[4])], FrameSizeError),
        new("PRIORITY on itself", [H2Frame.Of(H2Type.Priority, 1, [0, 0, 0, 1, 16])], ProtocolError),
        new("padding longer than the frame", [Open, H2Frame.Of(H2Type.Data, 1, [200, 1, 2], H2Frame.Padded)], ProtocolError),
        new("GOAWAY on a stream", [H2Frame.Of(H2Type.GoAway, 1, new byte[8])], ProtocolError),
    ];

    // §5.1
    static IEnumerable<H2Form> Streams =>
    [
        new("a stream of even number", [H2Frame.Headers(2, H2Headers.Get())], ProtocolError),
        new("DATA on an idle stream", [H2Frame.Of(H2Type.Data, 1, [1])], ProtocolError),
        new("RST_STREAM on an idle stream", [H2Frame.Reset(1)], ProtocolError),
        new("WINDOW_UPDATE on an idle stream", [H2Frame.WindowUpdate(1, 1)], ProtocolError),
        new("a stream lower than the last", [H2Frame.Headers(5, H2Headers.Get()), H2Frame.Headers(3, H2Headers.Get())], StreamClosed, -1),
        new("CONTINUATION without HEADERS", [H2Frame.Of(H2Type.Continuation, 1, [], H2Frame.EndHeaders)], ProtocolError),
        new("CONTINUATION of another stream", [H2Frame.Headers(1, H2Headers.Get(), 0), H2Frame.Of(H2Type.Continuation, 3, [], H2Frame.EndHeaders)], ProtocolError),
        new("PING amid a header block", [H2Frame.Headers(1, H2Headers.Get(), 0), H2Frame.Of(H2Type.Ping, 0, new byte[8])], ProtocolError),
        new("DATA after the end", [Open with { Flags = H2Frame.EndHeaders | H2Frame.EndStream }, H2Frame.Of(H2Type.Data, 1, [1])], StreamClosed, -1),
        new("trailers that do not end the stream", [Open, H2Frame.Headers(1, H2Headers.Block(("x", "y")), H2Frame.EndHeaders)], ProtocolError),
        new("a pseudo-header in trailers", [Open, H2Frame.Headers(1, H2Headers.Block((":path", "/api/x")))], ProtocolError),
    ];

    // §6.9
    static IEnumerable<H2Form> Windows =>
    [
        new("WINDOW_UPDATE of nothing on the connection", [H2Frame.WindowUpdate(0, 0)], ProtocolError),
        new("WINDOW_UPDATE of nothing on a stream", [Open, H2Frame.WindowUpdate(1, 0)], ProtocolError),
        new("the connection's window overflows", [H2Frame.WindowUpdate(0, int.MaxValue)], FlowControlError),
        new("a stream's window overflows", [Open, H2Frame.WindowUpdate(1, int.MaxValue)], "reset 3"),
        new("WINDOW_UPDATE of another length", [H2Frame.Of(H2Type.WindowUpdate, 0, new byte[3])], FrameSizeError),
    ];

    // §6.5
    static IEnumerable<H2Form> Settings =>
    [
        new("SETTINGS on a stream", [H2Frame.Settings() with { Stream = 1 }], ProtocolError),
        new("SETTINGS of another length", [H2Frame.Of(H2Type.Settings, 0, new byte[5])], FrameSizeError),
        new("an acknowledgement with content", [H2Frame.Of(H2Type.Settings, 0, new byte[6], H2Frame.Ack)], FrameSizeError),
        new("an acknowledgement of nothing is passed over", [H2Frame.Of(H2Type.Settings, 0, [], H2Frame.Ack)], "none"),
        new("a window beyond 2^31", [H2Frame.Settings((4, 0x8000_0000))], FlowControlError),
        new("a frame size below the least", [H2Frame.Settings((5, 100))], ProtocolError),
        new("a frame size beyond the most", [H2Frame.Settings((5, 0x0100_0000))], ProtocolError),
        new("a push that is neither on nor off", [H2Frame.Settings((2, 2))], ProtocolError),
        new("an unknown setting is passed over", [H2Frame.Settings((0xbeef, 1))], "none"),
        new("a table of 4 GiB is passed over", [H2Frame.Settings((1, uint.MaxValue))], "none"),
    ];

    // RFC 7541
    static IEnumerable<H2Form> Blocks =>
    [
        // Kestrel takes it for a mistake of its own.
        new("an index of nothing", [H2Frame.Headers(1, [0x80])], "goaway 2"),
        new("an index beyond the tables", [H2Frame.Headers(1, [0xff, 0x80, 0x01])], CompressionError),
        new("an integer without end", [H2Frame.Headers(1, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])], CompressionError),
        new("a string cut short", [H2Frame.Headers(1, [0x00, 0x7f, (byte)'x'])], CompressionError),
        new("Huffman padding that is none", [H2Frame.Headers(1, [0x00, 0x81, 0x00, 0x01, (byte)'y'])], CompressionError),
        new("a table larger than announced", [H2Frame.Headers(1, [.. H2Headers.Prefixed(4097, 5, 0x20), .. H2Headers.Get()])], CompressionError),
        new("a table size amid a block", [H2Frame.Headers(1, [.. H2Headers.Get(), 0x20])], CompressionError),
        new("table sizes down and up", [H2Frame.Headers(1, [0x20, .. H2Headers.Prefixed(4096, 5, 0x20), .. H2Headers.Get()])], "200", 1),
    ];

    // §8.3
    static IEnumerable<H2Form> Pseudo =>
    [
        new("two paths", Request([.. H2Headers.Request("GET"), (":path", "/api/x")]), ProtocolError),
        new("two methods", Request([(":method", "GET"), .. H2Headers.Request("POST")]), ProtocolError),
        new("a pseudo-header behind a header", Request([(":method", "GET"), (":scheme", "https"), ("x", "y"), (":path", "/api")]), ProtocolError),
        new("an unknown pseudo-header", Request([.. H2Headers.Request("GET"), (":cow", "moo")]), ProtocolError),
        new("a status in a request", Request([.. H2Headers.Request("GET"), (":status", "200")]), ProtocolError),
        new("no path", Request((":method", "GET"), (":scheme", "https"), (":authority", "gateway.test")), "reset 1"),
        new("no method", Request((":path", "/api"), (":scheme", "https"), (":authority", "gateway.test")), "reset 1"),
        new("no scheme", Request((":method", "GET"), (":path", "/api"), (":authority", "gateway.test")), "reset 1"),
        new("an empty path", Request(H2Headers.Request("GET", "")), "reset 1"),
        new("a path without a slash", Request(H2Headers.Request("GET", "api")), "reset 1"),
        new("a path with CR LF", Request(H2Headers.Request("GET", "/api HTTP/1.1\r\nHost: evil.test\r\n\r\nGET /api/smuggled")), ProtocolError),
        new("a path with a space", Request(H2Headers.Request("GET", "/api x")), "400"),
        new("a path with a fragment", Request(H2Headers.Request("GET", "/api#x")), "400"),
        new("an absolute path", Request(H2Headers.Request("GET", "https://gateway.test/api")), "reset 1"),
        new("a method with CR LF", Request(H2Headers.Request("GET /api/smuggled HTTP/1.1\r\nX: y\r\n\r\nGET")), ProtocolError),
        new("a method with a space", Request(H2Headers.Request("GET x")), "reset 1"),
        new("no authority", Request((":method", "GET"), (":scheme", "https"), (":path", "/api")), "421"),
        new("a host beside the authority is not believed", Request([.. H2Headers.Request("GET"), ("host", "evil.test")]), "200", 1),
        new("a host in place of the authority", Request((":method", "GET"), (":scheme", "https"), (":path", "/api"), ("host", "gateway.test")), "200", 1),
        new("an authority with user information", Request((":method", "GET"), (":scheme", "https"), (":path", "/api"), (":authority", "x@gateway.test")), "reset 1"),
        new("the scheme http over TLS", Request((":method", "GET"), (":scheme", "http"), (":authority", "gateway.test"), (":path", "/api")), "reset 1"),
        new("CONNECT without a protocol", Request((":method", "CONNECT"), (":authority", "gateway.test:443")), "405"),
        new("CONNECT with another protocol", Request([.. H2Headers.Request("CONNECT", "/ws"), (":protocol", "connect-udp")]), "501"),
        new("a protocol without CONNECT", Request([.. H2Headers.Request("GET"), (":protocol", "websocket")]), "reset 1"),
    ];

    // §8.2
    static IEnumerable<H2Form> Fields =>
    [
        new("a name in upper case", With(("X-Upper", "y")), ProtocolError),
        new("an empty name", With(("", "y")), CompressionError),
        new("a name with CR LF", With(("x\r\nhost", "evil.test")), "400"),
        new("a name with a colon", With(("x:y", "z")), "400"),
        new("a name with a space", With(("x y", "z")), "400"),
        new("a value with CR LF", With(("x", "y\r\nContent-Length: 5")), ProtocolError),
        new("a value with LF", With(("x", "y\nz")), ProtocolError),
        new("a value with NUL", With(("x", "y\0z")), ProtocolError),
        new("a value with an escape", With(("x", "\x1b[2J")), "400"),
        new("Connection", With(("connection", "close")), ProtocolError),
        new("Transfer-Encoding", With(("transfer-encoding", "chunked")), "400"),
        new("Upgrade", With(("upgrade", "h2c")), "400"),
        new("Keep-Alive", With(("keep-alive", "1")), "400"),
        new("TE other than trailers", With(("te", "gzip")), ProtocolError),
        new("TE: trailers", With(("te", "trailers")), "200", 1),
        new("an address of one's own", With(("x-real-ip", "6.6.6.6"), ("x_forwarded_for", "6.6.6.6")), "200", 1),
        new("two lengths", With(("content-length", "0"), ("content-length", "1")), ProtocolError),
        new("a header without end", With(("x", new string('y', 12_000)), ("z", new string('y', 4_000))), "200", 1),
    ];

    // §8.1.1
    static IEnumerable<H2Form> Bodies =>
    [
        new("less than the length", [Post("5"), H2Frame.Of(H2Type.Data, 1, Encoding.ASCII.GetBytes("hell"), H2Frame.EndStream)], "reset 1"),
        new("more than the length", [Post("5"), H2Frame.Of(H2Type.Data, 1, Encoding.ASCII.GetBytes("hello!"), H2Frame.EndStream)], "reset 1"),
        new("a length and no body", [Post("5") with { Flags = H2Frame.EndHeaders | H2Frame.EndStream }], "reset 1"),
        new("the length as announced", [Post("5"), H2Frame.Of(H2Type.Data, 1, Encoding.ASCII.GetBytes("hello"), H2Frame.EndStream)], "200", 1),
        new("a length with a plus", [Post("+5"), H2Frame.Of(H2Type.Data, 1, Encoding.ASCII.GetBytes("hello"), H2Frame.EndStream)], ProtocolError),
        new("a length beyond what is allowed", [Post("9223372036854775807")], "413"),
    ];

    static H2Frame[] Request(params (string, string)[] fields) => [H2Frame.Headers(1, H2Headers.Block(fields))];

    static H2Frame[] With(params (string, string)[] fields) => [H2Frame.Headers(1, H2Headers.Get("/api", fields))];

    static H2Frame Post(string length) => H2Frame.Headers(1, H2Headers.Block([.. H2Headers.Request("POST"), ("content-length", length)]), H2Frame.EndHeaders);
}
