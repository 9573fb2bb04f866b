using System.Text;

namespace ImGateway.Edge.Proxying.Checks;

/// <summary>An error response of the edge itself. A fixed set, so that the reasons are bounded as metric labels.</summary>
sealed class Refusal
{
    public static readonly Refusal BadTarget = new(StatusCodes.Status400BadRequest, "bad_target", "Ambiguous request target");
    public static readonly Refusal BadMessage = new(StatusCodes.Status400BadRequest, "bad_message", "Malformed request");
    public static readonly Refusal TransferCoding = new(StatusCodes.Status501NotImplemented, "transfer_coding", "Transfer coding not supported");
    public static readonly Refusal BodyTooLarge = new(StatusCodes.Status413PayloadTooLarge, "body_too_large", "Request body too large");
    public static readonly Refusal StreamResets = new(StatusCodes.Status429TooManyRequests, "stream_resets", "Too many streams reset");
    public static readonly Refusal TargetTooLong = new(StatusCodes.Status414UriTooLong, "target_too_long", "Request target too long");
    public static readonly Refusal UnknownHost = new(StatusCodes.Status421MisdirectedRequest, "unknown_host", "This host is not served here");
    public static readonly Refusal NoRoute = new(StatusCodes.Status404NotFound, "no_route", "Not found");
    public static readonly Refusal Method = new(StatusCodes.Status405MethodNotAllowed, "method", "Method not allowed");
    public static readonly Refusal Upgrade = new(StatusCodes.Status403Forbidden, "upgrade", "No WebSockets here");
    public static readonly Refusal Origin = new(StatusCodes.Status403Forbidden, "origin", "Origin not allowed");
    public static readonly Refusal Protocol = new(StatusCodes.Status501NotImplemented, "protocol", "Protocol not supported");
    public static readonly Refusal TlsRequired = new(StatusCodes.Status403Forbidden, "plain_http", "TLS required");

    public static readonly Refusal TooManyRequests = new(StatusCodes.Status429TooManyRequests, "requests_per_second", "Too many requests", retryAfter: "1");
    public static readonly Refusal TooManyHeld = new(StatusCodes.Status503ServiceUnavailable, "held", "The gateway is unavailable", retryAfter: "5");
    public static readonly Refusal WebSockets = new(StatusCodes.Status503ServiceUnavailable, "websockets", "Too many WebSockets");
    public static readonly Refusal Connections = new(StatusCodes.Status503ServiceUnavailable, "connections", "Too many connections");
    public static readonly Refusal ConnectionsPerAddress = new(StatusCodes.Status503ServiceUnavailable, "connections_per_address", "Too many connections");

    public static readonly IReadOnlyList<Refusal> All =
    [
        BadTarget, BadMessage, TransferCoding, BodyTooLarge, StreamResets, TargetTooLong, UnknownHost, NoRoute, Method, Upgrade, Origin, Protocol, TlsRequired,
        TooManyRequests, TooManyHeld, WebSockets, Connections, ConnectionsPerAddress,
    ];

    readonly byte[] _body;

    Refusal(int status, string reason, string text, string? retryAfter = null)
    {
        Status = status;
        Reason = reason;
        RetryAfter = retryAfter;
        _body = Encoding.ASCII.GetBytes(text + "\n");
    }

    public int Status { get; }

    public string Reason { get; }

    /// <summary>Retry-After in seconds; null if a retry is useless.</summary>
    public string? RetryAfter { get; }

    public Task WriteAsync(HttpContext context)
    {
        if (RetryAfter is not null) context.Response.Headers.RetryAfter = RetryAfter;
        return PlainTextResponse.WriteAsync(context, Status, _body);
    }
}

static class PlainTextResponse
{
    public static Task WriteAsync(HttpContext context, int status, byte[] body)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "text/plain";
        response.ContentLength = body.Length;
        if (EndsConnection(status) && !HttpProtocol.IsHttp2(context.Request.Protocol)) response.Headers.Connection = "close";
        return response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    /// <summary>Whether to close the connection: after a message that was not understood or not read completely, the start of the next is unknown (RFC 9112 §9.6).</summary>
    static bool EndsConnection(int status) => status is StatusCodes.Status400BadRequest or StatusCodes.Status413PayloadTooLarge or StatusCodes.Status501NotImplemented;
}
