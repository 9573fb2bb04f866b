using System.Collections.Concurrent;
using System.Globalization;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>
/// The gateway behind both sides: keeps every request with its body, and answers as the last segment of its path says. To HTTP/1.0, by
/// which nginx speaks to it outside of <c>/ws</c>, it sends no chunks and closes.
/// </summary>
sealed class Gateway : IAsyncDisposable
{
    /// <summary>Of paths that several exchanges may be at while others run.</summary>
    public const string Slow = "slow";

    static readonly TimeSpan Moment = TimeSpan.FromSeconds(2);

    readonly ConcurrentQueue<GatewayRequest> _requests = new();
    readonly ConcurrentDictionary<string, TaskCompletionSource> _marks = new(StringComparer.Ordinal);
    readonly RecordingUpstream _upstream;

    Gateway(int port) => _upstream = RecordingUpstream.Start(ServeAsync, port);

    public Uri Address => _upstream.Address;

    /// <summary>How long a path that ends in <see cref="Slow"/> is thought about.</summary>
    public static TimeSpan SlowAnswer { get; } = TimeSpan.FromSeconds(8);

    /// <param name="port">Default any.</param>
    public static Gateway Start(int port = 0) => new(port);

    /// <summary>Those since the last call.</summary>
    public IReadOnlyList<GatewayRequest> Take()
    {
        var taken = new List<GatewayRequest>();
        while (_requests.TryDequeue(out var request)) taken.Add(request);
        return taken;
    }

    /// <summary>A mark that a client or, of a client, the gateway makes from now on, so that either can wait for the other.</summary>
    public TaskCompletionSource Expect(string mark) => _marks[mark] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public ValueTask DisposeAsync() => _upstream.DisposeAsync();

    async Task ServeAsync(UpstreamConnection connection, string head)
    {
        var target = head.Split(' ')[1];
        var path = target.Split('?')[0];
        var ask = path[(path.LastIndexOf('/') + 1)..];
        if (_marks.TryGetValue($"head {target}", out var mark)) mark.TrySetResult();
        var body = await ReadBodyAsync(connection, head);
        // What was given up before its end arrives at some moment, if at all.
        if (body is null) return;
        if (!path.EndsWith(Slow, StringComparison.Ordinal)) _requests.Enqueue(new GatewayRequest(head, body));
        if (ask == Slow) await Task.Delay(SlowAnswer, TimeProvider.System, connection.Stopped);
        if (Value(head, "Upgrade").Length > 0 && ask is not "refuse") await UpgradeAsync(connection, head, ask);
        else await AnswerAsync(connection, new Asked(head, target, ask, body));
        if (head.Contains(" HTTP/1.0\r\n", StringComparison.Ordinal) || Value(head, "Connection").Contains("close", StringComparison.OrdinalIgnoreCase)) connection.Close();
    }

    async Task AnswerAsync(UpstreamConnection connection, Asked asked)
    {
        var isOld = asked.Head.Contains(" HTTP/1.0\r\n", StringComparison.Ordinal);
        var isHead = asked.Head.StartsWith("HEAD ", StringComparison.Ordinal);
        switch (asked.Ask)
        {
            case "close":
                connection.Close();
                break;
            case "reset":
                connection.Reset();
                break;
            case "garbage":
                await connection.SendAsync("220 smtp.example.com ESMTP\r\n");
                connection.Close();
                break;
            case "half":
                await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it");
                connection.Close();
                break;
            case "half-chunked" when !isOld:
                await connection.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
                connection.Close();
                break;
            case "until-the-end":
                await connection.SendAsync("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end");
                connection.Close();
                break;
            case "chunked" when !isOld:
                await connection.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n again\r\n0\r\n\r\n");
                break;
            case "chunked" or "half-chunked":
                await connection.SendAsync(asked.Ask == "chunked" ? "HTTP/1.1 200 OK\r\n\r\nhello again" : "HTTP/1.1 200 OK\r\n\r\nhello");
                break;
            case "early-hints":
                await connection.SendAsync("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n");
                await connection.SendAsync(Answer("200 OK", "after hints"));
                break;
            case "unasked-101":
                await connection.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tunnel\r\n\r\nraw");
                connection.Close();
                break;
            case "two-lengths":
                await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!");
                break;
            case "stream":
                await StreamAsync(connection, asked.Target);
                break;
            case "204" or "304":
                await connection.SendAsync($"HTTP/1.1 {asked.Ask} Nothing\r\nETag: \"1\"\r\n\r\n");
                break;
            default:
                var (status, headers, body) = Ordinary(asked);
                await connection.SendAsync(Answer(status, body, headers, isHead));
                break;
        }
    }

    /// <summary>The second part says whether the client had the first one by then.</summary>
    async Task StreamAsync(UpstreamConnection connection, string target)
    {
        await connection.SendAsync("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/event-stream\r\n\r\ndata: first\n\n");
        var seen = _marks[$"answer {target}"].Task;
        await Task.WhenAny(seen, Task.Delay(Moment, TimeProvider.System, connection.Stopped));
        await connection.SendAsync(seen.IsCompleted ? "data: the client had the first part\n\n" : "data: the client had nothing yet\n\n");
        connection.Close();
    }

    static (string Status, string Headers, string Body) Ordinary(Asked asked) => asked.Ask switch
    {
        "headers" => ("200 OK", string.Concat(
            "Content-Type: application/json\r\nCache-Control: no-store\r\nSet-Cookie: a=1; Secure\r\nSet-Cookie: b=2; HttpOnly\r\nVary: Origin\r\nVary: Accept\r\n",
            "ETag: \"abc\"\r\nLast-Modified: Thu, 26 Nov 2026 10:00:00 GMT\r\nAccess-Control-Allow-Origin: *\r\nContent-Language: de\r\nX-Gateway-Node: 7\r\n"), "{}"),
        "software" => ("200 OK", "Server: gateway/3\r\nX-Powered-By: dotnet\r\nVia: 1.1 inner\r\n", "ok"),
        "own-security" => ("200 OK", "X-Frame-Options: SAMEORIGIN\r\nStrict-Transport-Security: max-age=60\r\n", "ok"),
        "accel-redirect" => ("200 OK", "X-Accel-Redirect: /api/secret\r\n", "not this"),
        "accel-header" => ("200 OK", "X-Accel-Buffering: no\r\nX-Accel-Expires: 10\r\n", "ok"),
        "big-header" => ("200 OK", $"X-Big: {new string('b', 12_000)}\r\n", "ok"),
        "big" => ("200 OK", "Content-Type: application/octet-stream\r\n", new string('x', 300_000)),
        "gzip" => ("200 OK", "Content-Encoding: gzip\r\n", "\u001f\u008bnot really"),
        "dated" => ("200 OK", "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n", "ok"),
        "own-name" => ("302 Found", $"Location: http://im_gateway/api/next\r\n", ""),
        "own-name-ws" => ("302 Found", $"Location: http://im_gateway/ws/next\r\n", ""),
        "relative" => ("302 Found", "Location: /api/next\r\n", ""),
        "elsewhere" => ("307 Temporary Redirect", "Location: https://login.example.com/?next=%2Fapi\r\n", ""),
        "range" when Value(asked.Head, "Range").Length > 0 => ("206 Partial Content", "Content-Range: bytes 0-4/11\r\nAccept-Ranges: bytes\r\n", "hello"),
        "match" when Value(asked.Head, "If-None-Match").Length > 0 => ("304 Not Modified", "ETag: \"1\"\r\n", ""),
        "refuse" => ("403 Forbidden", "X-Reason: token\r\n", "no such room"),
        "retry" => ("503 Service Unavailable", "Retry-After: 7\r\n", "busy"),
        "odd" => ("299 Odd", "", "odd"),
        { Length: 3 } status when int.TryParse(status, CultureInfo.InvariantCulture, out var code) && code >= 200 => ($"{status} Told", "X-Gateway-Node: 7\r\n", $"told to say {status}"),
        _ => ("200 OK", "Content-Type: text/plain\r\n", $"{asked.Target} got {asked.Body.Length} bytes"),
    };

    static string Answer(string status, string body, string headers = "", bool isHead = false) =>
        $"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\n{headers}\r\n{(isHead || status.StartsWith("304", StringComparison.Ordinal) ? "" : body)}";

    static async Task UpgradeAsync(UpstreamConnection connection, string head, string ask)
    {
        var protocol = Value(head, "Upgrade");
        if (!protocol.Equals("websocket", StringComparison.OrdinalIgnoreCase) || ask == "wrong-accept")
        {
            await connection.SendAsync($"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\nSec-WebSocket-Accept: bm9ib2R5IGNoZWNrcyB0aGlzPw==\r\n\r\na tunnel");
            connection.Close();
            return;
        }

        var chosen = Value(head, "Sec-WebSocket-Protocol") is { Length: > 0 } offered ? $"Sec-WebSocket-Protocol: {offered.Split(',')[0].Trim()}\r\n" : "";
        await connection.SendAsync(UpstreamScripts.SwitchingProtocols(head).Replace("\r\n\r\n", $"\r\n{chosen}Set-Cookie: ws=1\r\n\r\n", StringComparison.Ordinal));
        if (ask == "bye") await connection.SendAsync("\u0081\u0003bye\u0088\u0002\u0003\u00e8");
        while (ask != "bye" && await connection.ReadAsync() is { Length: > 0 } bytes) await connection.SendAsync(bytes);
        connection.Close();
    }

    /// <summary>Null if it breaks off.</summary>
    static async Task<string?> ReadBodyAsync(UpstreamConnection connection, string head)
    {
        var reader = new AnswerReader(connection.Stream, connection.Stopped);
        if (Value(head, "Transfer-Encoding").Length > 0) return await reader.ReadChunkedAsync();
        if (!int.TryParse(Value(head, "Content-Length"), CultureInfo.InvariantCulture, out var length)) return "";
        return await reader.ReadAsync(length) is { } body && body.Length == length ? body : null;
    }

    static string Value(string head, string name) =>
        head.Split("\r\n").Skip(1).FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim() ?? "";

    sealed record Asked(string Head, string Target, string Ask, string Body);
}
