using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>The same over HTTP/2, and what only it has.</summary>
static class Http2Exchanges
{
    const ushort MaxConcurrentStreams = 3, EnableConnectProtocol = 8;

    public static IEnumerable<Exchange> All() =>
    [
        Request("GET", "/api"),
        Request("GET", "/api/users?x=1", ("User-Agent", "phone/1.0"), ("Cookie", "a=1; b=2"), ("X-Twice", "1")),
        Request("GET", "/ws/plain"),
        Request("GET", "/health"),
        Request("GET", "/nowhere"),
        Request("GET", "/apix").Shows(Differences.Prefixes),
        Request("HEAD", "/api/headers"),
        Request("POST", "/api", ("body", "hello")),
        Request("GET", "/api/headers"),
        Request("GET", "/api/404"),
        Request("GET", "/api/big"),
        Request("GET", "/api/close").Shows(Differences.AskedAgain),
        Request("GET", "/api", ("X-Forwarded-For", "203.0.113.9")).Shows(Differences.Spoofed),
        Exchange.Of("HTTP/2: SETTINGS_ENABLE_CONNECT_PROTOCOL", side => SettingAsync(side, EnableConnectProtocol)).Shows(Differences.Http2WebSockets),
        Exchange.Of("HTTP/2: SETTINGS_MAX_CONCURRENT_STREAMS", side => SettingAsync(side, MaxConcurrentStreams)).Shows(Differences.Http2Streams),
        Exchange.Of("HTTP/2: `GET /api`, `:authority: other.example.com`", side => RawAsync(side, ("GET", "other.example.com"))).Shows(Differences.UnknownHosts),
        Exchange.Of("HTTP/2: `GET /api`, `Connection: close`", side => RawAsync(side, ("GET", Side.Host), ("connection", "close"))).Shows(Differences.Http2Strict),
        Exchange.Of("HTTP/2: `GET /api`, `TE: gzip`", side => RawAsync(side, ("GET", Side.Host), ("te", "gzip"))).Shows(Differences.Http2Strict),
        Exchange.Of("HTTP/2: `CONNECT gateway.example.com:443`", side => FirstAsync(side, H2Headers.Block((":method", "CONNECT"), (":authority", "gateway.example.com:443")))),
    ];

    static Exchange Request(string method, string path, params (string Name, string Value)[] headers)
    {
        var shown = string.Join(", ", headers.Select(header => $"`{header.Name}: {header.Value}`").Prepend($"`{method} {path}`"));
        return Exchange.Of($"HTTP/2: {shown}", side => AskAsync(side, method, path, headers));
    }

    static async Task<Observation> AskAsync(Side side, string method, string path, (string Name, string Value)[] headers)
    {
        using var limit = new CancellationTokenSource(Side.Patience);
        using var client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ActivityHeadersPropagator = null,
            SslOptions = { TargetHost = Side.Host, RemoteCertificateValidationCallback = (_, _, _, _) => true },
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(side.Https, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        using var request = new HttpRequestMessage(new HttpMethod(method), $"https://{Side.Host}{path}") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        foreach (var (name, value) in headers)
        {
            if (name == "body") request.Content = new ByteArrayContent(Encoding.ASCII.GetBytes(value));
            else request.Headers.TryAddWithoutValidation(name, value);
        }

        using var answer = await client.SendAsync(request, limit.Token);
        var head = string.Concat(answer.Headers.NonValidated.Concat(answer.Content.Headers.NonValidated).SelectMany(field => field.Value.Select(value => $"{field.Key}: {value}\r\n")));
        return new Observation($"{(int)answer.StatusCode}") { Head = $"HTTP/2\r\n{head}", Body = Encoding.Latin1.GetString(await answer.Content.ReadAsByteArrayAsync(limit.Token)) };
    }

    static async Task<Observation> SettingAsync(Side side, ushort setting)
    {
        await using var client = await H2RawClient.ConnectAsync(side.Https, host: Side.Host);
        var settings = await client.WaitForAsync(frame => frame is { Type: H2Type.Settings, Flags: 0 });
        for (var at = 0; at < settings!.Payload.Length; at += 6)
        {
            if (BinaryPrimitives.ReadUInt16BigEndian(settings.Payload.AsSpan(at)) == setting) return new Observation($"{BinaryPrimitives.ReadUInt32BigEndian(settings.Payload.AsSpan(at + 2))}");
        }

        return new Observation("not set");
    }

    static Task<Observation> RawAsync(Side side, (string Method, string Authority) ask, params (string Name, string Value)[] headers) =>
        FirstAsync(side, H2Headers.Block([(":method", ask.Method), (":scheme", "https"), (":authority", ask.Authority), (":path", "/api"), .. headers]));

    /// <summary>The first that is said of the stream, or of the connection.</summary>
    static async Task<Observation> FirstAsync(Side side, byte[] block)
    {
        await using var client = await H2RawClient.ConnectAsync(side.Https, host: Side.Host);
        await client.SendAsync(H2Frame.Headers(1, block));
        var frame = await client.WaitForAsync(frame => frame is { Stream: 1, Type: H2Type.Headers or H2Type.RstStream } or { Type: H2Type.GoAway });
        return new Observation(frame switch
        {
            null => "closed",
            { Type: H2Type.RstStream } => $"stream error {frame.ErrorCode}",
            { Type: H2Type.GoAway } => $"connection error {frame.ErrorCode}",
            _ => "an answer",
        });
    }
}
