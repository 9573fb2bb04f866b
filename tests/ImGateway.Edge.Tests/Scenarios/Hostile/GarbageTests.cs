using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using CsCheck;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Hostile;

/// <summary>What is not TLS on port 443, or only resembles it: answered by an alert or nothing, and the connection is closed.</summary>
public sealed class GarbageTests(TlsFixture tls)
{
    const byte Alert = 21;

    static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Any_bytes_end_in_an_alert_or_a_closed_connection(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);

        await Gen.Byte.Array[0, 2000].SampleAsync(async bytes => AssertRefused(await ExchangeAsync(edge.Https, bytes)), iter: 100);
        await AssertServesAsync(edge);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_hello_with_any_byte_changed_and_cut_anywhere_ends_too(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);
        var hello = RawHello.ForTls13(TlsFixture.Gateway).ToRecords();

        await Gen.Select(Gen.Int[0, hello.Length - 1], Gen.Byte, Gen.Int[1, hello.Length]).SampleAsync(
            async (at, value, length) =>
            {
                byte[] changed = [.. hello];
                changed[at] = value;
                // What is left whole is answered by a server hello: then the client is the one who leaves.
                await ExchangeAsync(edge.Https, changed[..length]);
            },
            iter: 100);
        await AssertServesAsync(edge);
    }

    static readonly Dictionary<string, byte[]> Broken = new(StringComparer.Ordinal)
    {
        ["a hello of 16 MiB"] = [22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff, .. new byte[0x4000 - 4]],
        ["a record longer than any"] = [22, 3, 1, 0xff, 0xff, 1, 0, 0xff, 0xfb, .. new byte[1000]],
        ["records of nothing without end"] = [.. Enumerable.Repeat((byte[])[22, 3, 1, 0, 0], 10_000).SelectMany(record => record)],
        ["a hello in records of one byte without end"] = [.. Enumerable.Repeat((byte[])[22, 3, 1, 0, 1, 1], 10_000).SelectMany(record => record)],
        ["an alert"] = [21, 3, 1, 0, 2, 2, 40],
        ["alerts without end"] = [.. Enumerable.Repeat((byte[])[21, 3, 1, 0, 2, 1, 90], 10_000).SelectMany(record => record)],
        ["application data"] = [23, 3, 3, 0, 5, 1, 2, 3, 4, 5],
        ["a server hello"] = [22, 3, 3, 0, 4, 2, 0, 0, 0],
        ["a change of cipher first"] = [20, 3, 3, 0, 1, 1],
        ["SSLv2"] = [0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10, .. new byte[37]],
        ["SSH"] = "SSH-2.0-OpenSSH_9.9\r\n"u8.ToArray(),
        ["the preface of HTTP/2"] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(),
        ["SOCKS"] = [5, 1, 0],
        ["RDP"] = [3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0],
        ["zeros"] = new byte[100_000],
    };

    public static TheoryData<TestedEngine, string> EnginesAndBroken => [.. from engine in Engines.Product from what in Broken.Keys select Engines.Row(engine, what)];

    [Theory, MemberData(nameof(EnginesAndBroken))]
    public async Task What_only_resembles_TLS_is_refused(TestedEngine engine, string what)
    {
        var edge = await tls.EdgeAsync(engine);

        AssertRefused(await ExchangeAsync(edge.Https, Broken[what]), what);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_hello_that_never_ends_is_given_up_after_the_handshake_timeout(TestedEngine engine)
    {
        var setup = tls.Setup(engine) with { Settings = new Dictionary<string, JsonNode?> { ["Tls:HandshakeTimeout"] = "00:00:01" } };
        await using var edge = await EdgeProcess.StartAsync(setup);
        var hello = RawHello.ForTls13(TlsFixture.Gateway).ToRecords();
        using var limit = new CancellationTokenSource(Limit);
        using var silent = await ConnectAsync(edge.Https, limit.Token);
        using var halfOpen = await ConnectAsync(edge.Https, limit.Token);
        await halfOpen.SendAsync(hello, limit.Token);
        using var dripping = await ConnectAsync(edge.Https, limit.Token);

        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        try
        {
            foreach (var b in hello)
            {
                await dripping.SendAsync(new[] { b }, limit.Token);
                await timer.WaitForNextTickAsync(limit.Token);
            }
        }
        catch (SocketException)
        {
            // Given up.
        }

        await ReadToEndAsync(dripping, limit.Token);
        await ReadToEndAsync(halfOpen, limit.Token);
        await ReadToEndAsync(silent, limit.Token);
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_tls_handshake_failures_total", ("reason", "timeout")) == 3, Limit);
    }

    static void AssertRefused(byte[] answer, string? what = null) =>
        Assert.True(answer.Length == 0 || answer[0] == Alert || answer.AsSpan().StartsWith("HTTP/1.1 400 "u8), $"{what}: {Convert.ToHexString(answer)}");

    async Task AssertServesAsync(EdgeProcess edge)
    {
        using var answer = await new EdgeClient(edge.Https, tls.Root.Certificate).GetAsync(TlsFixture.Gateway, "/api");
        Assert.True(answer.IsSuccessStatusCode);
    }

    static async Task<byte[]> ExchangeAsync(IPEndPoint server, byte[] bytes)
    {
        using var limit = new CancellationTokenSource(Limit);
        using var socket = await ConnectAsync(server, limit.Token);
        try
        {
            await socket.SendAsync(bytes, limit.Token);
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // Refused while it was still being sent.
        }

        return await ReadToEndAsync(socket, limit.Token);
    }

    static async Task<byte[]> ReadToEndAsync(Socket socket, CancellationToken cancellationToken)
    {
        var all = new List<byte>();
        var buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, cancellationToken) is > 0 and var read) all.AddRange(buffer.AsSpan(0, read));
        }
        catch (SocketException)
        {
            // A reset is an end too.
        }

        return [.. all];
    }

    static async Task<Socket> ConnectAsync(IPEndPoint server, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, cancellationToken);
        return socket;
    }
}
