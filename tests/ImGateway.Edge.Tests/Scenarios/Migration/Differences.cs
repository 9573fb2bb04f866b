using System.Reflection;

namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>All of them. Each must be on the page, and each on the page must be here and occur.</summary>
static class Differences
{
    // Which path goes where.
    public static readonly Difference Prefixes = new("A prefix takes whole segments");
    public static readonly Difference AsSent = new("Routes are found on the path as it was sent");
    public static readonly Difference Ambiguous = new("Paths that two readers may take for different ones are refused");
    public static readonly Difference Ascii = new("A target is ASCII");

    // Messages.
    public static readonly Difference SmallMethods = new("Methods in small letters are taken for the usual ones");
    public static readonly Difference NoSlash = new("A target that does not begin with a slash is 405");
    public static readonly Difference Versions = new("HTTP/1.0, 1.1 and 2, and no other");
    public static readonly Difference Lines = new("Lines end in CRLF, and parts of the first are one space apart");
    public static readonly Difference HeaderNames = new("Every valid name of a header passes", "gateway x.dotted", "gateway x!odd");
    public static readonly Difference NoHeader = new("What is no valid header is refused, not left out or passed on");
    public static readonly Difference LargeHeader = new("One header may be as large as all together may be");
    public static readonly Difference ManyHeaders = new("More than 32 KiB or 100 headers are 431");
    public static readonly Difference Codings = new("A transfer coding that is none is 400");
    public static readonly Difference NoLastRequest = new("A connection has no last request", "notes", "framing");

    public static readonly Difference Bare = new(
        "Answers to malformed messages carry no security headers", "answer strict-transport-security", "answer x-content-type-options", "answer x-frame-options", "framing")
    {
        Everywhere = (_, nginx, edge) => edge.Status is ['4' or '5', ..] && !edge.Head.Contains("X-Frame-Options", StringComparison.OrdinalIgnoreCase) && edge.Body.Length == 0 && nginx.Status == edge.Status,
    };

    // Hosts.
    public static readonly Difference UnknownHosts = new("Hosts that are not configured are refused");
    public static readonly Difference TwoHosts = new("The host of the target and that of the header must be the same");
    public static readonly Difference HostAsSent = new("Host goes on as the client sent it", "gateway host", "gateway x-forwarded-host");

    // What the gateway gets.
    public static readonly Difference GatewayProtocol = new(
        "The gateway is spoken to by HTTP/1.1, on connections that are kept", "gateway version", "gateway connection", "gateway 2 version", "gateway 2 connection")
    {
        Everywhere = (_, nginx, _) => nginx.Gateway is [{ Line: var line }, ..] && line.EndsWith("HTTP/1.0", StringComparison.Ordinal),
    };

    public static readonly Difference MoreHeaders = new(
        "The gateway gets two more headers", "gateway x-forwarded-host", "gateway traceparent", "gateway 2 x-forwarded-host", "gateway 2 traceparent")
    {
        Everywhere = (_, _, _) => true,
    };

    public static readonly Difference TraceState = new("State without a valid trace is dropped", "gateway tracestate");

    public static readonly Difference Health = new("/health gets the same headers as /api", "gateway host", "gateway x-real-ip", "gateway x-forwarded-for", "gateway x-forwarded-proto")
    {
        Everywhere = (_, _, edge) => edge.Gateway is [{ Line: var line }, ..] && line.Contains(" /health", StringComparison.Ordinal),
    };

    public static readonly Difference Spoofed = new("What a client says of its address is dropped", "gateway x-forwarded-for");

    public static readonly Difference Misleading = new(
        "Other headers by which gateways are misled are dropped",
        "gateway x-forwarded-port", "gateway x-forwarded-prefix", "gateway forwarded", "gateway x-original-url", "gateway x-rewrite-url");

    public static readonly Difference OneHop = new("What concerns one connection goes no further", "gateway x-nominated", "gateway proxy-connection", "gateway proxy-authorization");
    public static readonly Difference NoBody = new("That there is no body is said where there could be one", "gateway content-length");
    public static readonly Difference Chunks = new("Chunks stay chunks", "gateway content-length", "gateway transfer-encoding", "gateway trailer", "gateway body");
    public static readonly Difference BodiesAsTheyCome = new("Bodies of requests go on as they come", "notes");
    public static readonly Difference Continue = new("Expect goes on to the gateway", "gateway expect", "notes");

    // WebSockets.
    public static readonly Difference NoUpgradeWithout = new("On /ws only an upgrade is called one", "gateway connection")
    {
        Everywhere = (_, _, edge) => edge.Gateway is [{ Line: var line, Head: var head }, ..] && line.Contains(" /ws", StringComparison.Ordinal) && !head.Contains("Upgrade:", StringComparison.OrdinalIgnoreCase),
    };

    public static readonly Difference OnlyWebSockets = new("Only what is a WebSocket's handshake is an upgrade");
    public static readonly Difference OnlyThere = new("A WebSocket outside of WebSockets:Routes is refused");
    public static readonly Difference NoTunnels = new("A 101 that is no WebSocket's is 502");
    public static readonly Difference Http2WebSockets = new("WebSockets over HTTP/2");

    // Answers.
    public static readonly Difference Software = new("No answer names the software behind it", "answer server", "answer x-powered-by") { Everywhere = (_, _, _) => true };

    public static readonly Difference OwnAnswers = new("Own answers are one line of plain text", "body", "framing", "answer content-type")
    {
        Everywhere = (_, nginx, _) => nginx.Head.Contains("Content-Type: text/html", StringComparison.OrdinalIgnoreCase) && !nginx.Head.Contains("X-Gateway-Node", StringComparison.Ordinal),
    };

    public static readonly Difference OwnSecurity = new("Security headers of the gateway are replaced, not doubled", "answer strict-transport-security", "answer x-frame-options");
    public static readonly Difference Accel = new("X-Accel headers mean nothing");
    public static readonly Difference BigHeader = new("Large headers of the gateway pass");
    public static readonly Difference Location = new("Location passes as the gateway wrote it", "answer location");
    public static readonly Difference Garbage = new("What is no HTTP is 502");
    public static readonly Difference Interim = new("Interim answers of the gateway are kept back");
    public static readonly Difference AnswersAsTheyCome = new("Answers go on as they come", "body");
    public static readonly Difference AskedAgain = new("A GET whose connection ends without an answer is sent again");

    // Port 80.
    public static readonly Difference PlainHeaders = new("Answers on port 80 carry security headers, too", "answer x-frame-options", "answer x-content-type-options")
    {
        Everywhere = (exchange, _, _) => exchange.Name.StartsWith("Port 80", StringComparison.Ordinal),
    };

    public static readonly Difference Redirect308 = new("Methods other than GET and HEAD are redirected by 308", "status", "answer location");
    public static readonly Difference NoWebroot = new("There is no folder for challenges");
    public static readonly Difference LineEnd = new("TLS required ends its line", "body");

    // TLS.
    public static readonly Difference UnknownNames = new("Names that are not configured are refused in the handshake");
    public static readonly Difference Ecdsa = new("TLS 1.2 with ECDSA certificates");
    public static readonly Difference ChaCha20 = new("ChaCha20-Poly1305 in TLS 1.2");
    public static readonly Difference SuiteOrder = new("In TLS 1.2 the order of suites is the edge's", "status");
    public static readonly Difference Alpn = new("Only h2 and http/1.1 can be agreed upon");
    public static readonly Difference PlainOnHttps = new("Plain HTTP on port 443 gets a bare answer");

    // HTTP/2.
    public static readonly Difference Http2Streams = new("A hundred streams at a time");
    public static readonly Difference Http2Strict = new("HTTP/2 messages are held to the letter");

    // Times.
    public static readonly Difference SlowHandshake = new("A handshake has 10 seconds");
    public static readonly Difference SlowHead = new("A head has 15 seconds");
    public static readonly Difference IdleConnections = new("Idle connections are kept for 130 seconds");
    public static readonly Difference SlowAnswers = new("On /ws an answer is waited for as long as elsewhere");
    public static readonly Difference SlowConnect = new("A connection to the gateway has 5 seconds");

    public static IReadOnlyList<Difference> All { get; } =
        [.. typeof(Differences).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (Difference)field.GetValue(null)!)];
}
