using System.Text;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tests.Proxying;
using ImGateway.Edge.WebSockets;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.WebSockets;

/// <summary>What the Autobahn suite asks of both ends (cases 1 to 7, 9, 12, 13), asked of what stands between them: every byte arrives.</summary>
public sealed class TransparencyTests
{
    const int Mebibyte = 1024 * 1024;

    public static TheoryData<string> Versions => ["1.1", "2.0"];

    public static TheoryData<string, string> CasesAndVersions
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var name in Cases.Keys)
            {
                data.Add(name, "1.1");
                data.Add(name, "2.0");
            }

            return data;
        }
    }

    static IReadOnlyDictionary<string, Func<Random, IEnumerable<Frame>>> Cases { get; } = new Dictionary<string, Func<Random, IEnumerable<Frame>>>
    {
        ["every short length"] = random => Range(0, 300).Select(length => Data(random, length)),
        ["lengths around 16 KiB"] = random => Range((16 * 1024) - 16, 33).Select(length => Data(random, length)),
        ["lengths around 64 KiB"] = random => Range((64 * 1024) - 16, 33).Select(length => Data(random, length)),
        ["up to 16 MiB"] = random => new[] { Mebibyte, 4 * Mebibyte, 16 * Mebibyte }.Select(length => Data(random, length)),
        ["text and UTF-8 that is none"] = random =>
            [new Frame(Frame.Text, "κόσμε 🌍"u8.ToArray()), new Frame(Frame.Text, [0xCE, 0xBA, 0xED, 0xA0, 0x80]), new Frame(Frame.Text, [])],
        ["fragments with control frames between"] = random => Range(0, 40).SelectMany(i => new[]
        {
            Data(random, i) with { Fin = false },
            new Frame(Frame.Ping, Bytes(random, i)),
            new Frame(0, Bytes(random, 400 * i), Fin: false),
            new Frame(Frame.Pong, Bytes(random, 125)),
            new Frame(0, Bytes(random, i)),
        }),
        ["pings and unsolicited pongs"] = random => Range(0, 126).SelectMany(length => new[] { new Frame(Frame.Ping, Bytes(random, length)), new Frame(Frame.Pong, Bytes(random, length)) }),
        ["reserved bits and opcodes"] = random =>
            from reserved in Range(0, 8)
            from opcode in Range(0, 16)
            where opcode != Frame.CloseOpcode
            select new Frame(opcode, Bytes(random, opcode), Reserved: reserved),
        ["control frames that are too long"] = random => [new Frame(Frame.Ping, Bytes(random, 126)), new Frame(Frame.Pong, Bytes(random, 70_000), Fin: false)],
        ["many small messages"] = random => Range(0, 5000).Select(i => Data(random, i % 60)),
    };

    [Theory]
    [MemberData(nameof(CasesAndVersions))]
    public async Task Frames_arrive_byte_for_byte_both_ways(string name, string version)
    {
        var random = new Random(1);
        var fromClient = Cases[name](random).SelectMany(frame => (frame with { Masked = true }).ToBytes()).ToArray();
        var fromUpstream = Cases[name](random).SelectMany(frame => frame.ToBytes()).ToArray();
        var arrived = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Upgrade(async connection =>
        {
            var sending = SendInPiecesAsync(connection.Stream, fromUpstream, random: new Random(2), connection.Stopped);
            var bytes = new byte[fromClient.Length];
            await connection.Stream.ReadExactlyAsync(bytes, connection.Stopped);
            await sending;
            arrived.SetResult(bytes);
            connection.Close();
        }));
        await using var edge = await ProxyHost.StartAsync(upstream);
        await using var socket = await RawWebSocket.OpenAsync(edge, version);

        var sending = SendInPiecesAsync(socket.Stream, fromClient, new Random(3), socket.Limit);
        var received = await socket.ReadAsync(fromUpstream.Length);
        await sending;

        Assert.True(fromUpstream.AsSpan().SequenceEqual(received));
        var passed = await arrived.Task.WaitAsync(socket.Limit);
        Assert.True(fromClient.AsSpan().SequenceEqual(passed));
        Assert.Empty(await socket.ReadToEndAsync());
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Every_close_code_arrives_both_ways(string version)
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.UpgradeAndEcho);
        await using var edge = await ProxyHost.StartAsync(upstream);
        foreach (var code in Range(1000, 16).Concat([2999, 3000, 3999, 4000, 4999]))
        {
            foreach (var reason in new[] { "", "bye", new string('x', 123) })
            {
                // The upstream echoes: what it got is what comes back.
                var close = Frame.Close(code, reason, masked: code % 2 == 0).ToBytes();
                await using var socket = await RawWebSocket.OpenAsync(edge, version);
                await socket.SendAsync(close);
                Assert.Equal(close, await socket.ReadAsync(close.Length));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task What_ends_agree_on_passes_as_said(string version)
    {
        const string Offer = "permessage-deflate; client_max_window_bits; server_no_context_takeover, x-webkit-deflate-frame";
        const string Chosen = "permessage-deflate;client_max_window_bits=15";
        await using var upstream = RecordingUpstream.Start(async (connection, head) =>
        {
            var answer = UpstreamScripts.SwitchingProtocols(head);
            await connection.SendAsync($"{answer[..^2]}Sec-WebSocket-Extensions: {Chosen}\r\nSec-WebSocket-Protocol: chat.v2\r\n\r\n");
            await connection.ReadAsync();
        });
        await using var edge = await ProxyHost.StartAsync(upstream);

        await using var socket = await RawWebSocket.OpenAsync(edge, version, ("Sec-WebSocket-Extensions", Offer), ("Sec-WebSocket-Protocol", "chat.v1, chat.v2"));

        Assert.Contains($"Sec-WebSocket-Extensions: {Offer}\r\n", upstream.Requests.Single());
        Assert.Contains("Sec-WebSocket-Protocol: chat.v1, chat.v2\r\n", upstream.Requests.Single());
        Assert.Equal(Chosen, socket.Response.Headers.NonValidated["Sec-WebSocket-Extensions"].ToString());
        Assert.Equal("chat.v2", socket.Response.Headers.NonValidated["Sec-WebSocket-Protocol"].ToString());
        Assert.Equal(version == "1.1", socket.Response.Headers.Contains("Sec-WebSocket-Accept"));
        Assert.Equal(version == "1.1", socket.Response.Headers.Contains("Upgrade"));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Asked_to_close_a_client_gets_Close_and_an_end_in_order(string version)
    {
        var echoed = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Upgrade(async connection =>
        {
            echoed.SetResult(await connection.ReadAsync());
            await connection.SendAsync("\u0088\u0002\u0003\u00F4");
            connection.Close();
        }));
        await using var edge = await ProxyHost.StartAsync(upstream);
        await using var socket = await RawWebSocket.OpenAsync(edge, version);
        var open = await OpenAsync(edge);

        open.RequestClose(1012);

        var close = Frame.Close(1012).ToBytes();
        Assert.Equal(close, await socket.ReadAsync(close.Length));
        var echo = Frame.Close(1012, masked: true).ToBytes();
        await socket.SendAsync(echo);
        Assert.Equal(Encoding.Latin1.GetString(echo), await echoed.Task.WaitAsync(socket.Limit));
        // The upstream's own is one too many.
        Assert.Empty(await socket.ReadToEndAsync());
        await edge.WebSockets.WhenEmptyAsync(socket.Limit);
        Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_websocket_closed_total", ("by", "drain")));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Cut_off_both_sides_end_at_once(string version)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Upgrade(async connection =>
        {
            Assert.Equal("", await connection.ReadAsync());
            ended.SetResult();
        }));
        await using var edge = await ProxyHost.StartAsync(upstream);
        await using var socket = await RawWebSocket.OpenAsync(edge, version);

        (await OpenAsync(edge)).Abort(ClosedBy.Limit);

        await ended.Task.WaitAsync(socket.Limit);
        // Without close_notify, which a client over HTTP/1.1 may overlook, or by RST_STREAM.
        var failure = await Record.ExceptionAsync(socket.ReadToEndAsync);
        if (version == "2.0") Assert.IsAssignableFrom<IOException>(failure);
        await edge.WebSockets.WhenEmptyAsync(socket.Limit);
        Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_websocket_closed_total", ("by", "limit")));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_client_that_does_not_read_ends_at_the_idle_timeout_and_piles_nothing_up(string version)
    {
        var ended = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Upgrade(async connection =>
        {
            var sent = 0L;
            try
            {
                for (var frame = new Frame(Frame.Binary, new byte[60_000]).ToBytes(); ; sent += frame.Length) await connection.Stream.WriteAsync(frame, connection.Stopped);
            }
            finally
            {
                ended.SetResult(sent);
            }
        }));
        var options = ProxyHost.Options(upstream.Address) with { WebSockets = new WebSocketsSection { IdleTimeout = TimeSpan.FromSeconds(1) } };
        await using var edge = await ProxyHost.StartAsync(options);
        await using var socket = await RawWebSocket.OpenAsync(edge, version);

        // Sockets of both sides and one buffer of each layer.
        Assert.InRange(await ended.Task.WaitAsync(socket.Limit), 0, 40 * Mebibyte);
        await edge.WebSockets.WhenEmptyAsync(socket.Limit);
        Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_websocket_closed_total", ("by", "idle")));
    }

    [Fact]
    public async Task A_stream_over_HTTP2_whose_upstream_breaks_off_is_reset()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Upgrade(async connection =>
        {
            await connection.ReadAsync();
            connection.Reset();
        }));
        await using var edge = await ProxyHost.StartAsync(upstream);
        await using var socket = await RawWebSocket.OpenAsync(edge, "2.0");

        await socket.SendAsync([0x81, 0x80, 0, 0, 0, 0]);

        var broken = await Assert.ThrowsAnyAsync<IOException>(socket.ReadToEndAsync);
        Assert.Contains("CONNECT_ERROR", broken.ToString());
    }

    static async Task<OpenWebSocket> OpenAsync(ProxyHost edge)
    {
        while (edge.WebSockets.Count == 0) await Task.Yield();
        return edge.WebSockets.Open.Single();
    }

    static async Task SendInPiecesAsync(Stream stream, byte[] bytes, Random random, CancellationToken cancellationToken)
    {
        for (var sent = 0; sent < bytes.Length;)
        {
            // Small at first, so that headers are cut; then as a busy sender does.
            var piece = Math.Min(sent < 2000 ? random.Next(1, 12) : random.Next(1, 100_000), bytes.Length - sent);
            await stream.WriteAsync(bytes.AsMemory(sent, piece), cancellationToken);
            await stream.FlushAsync(cancellationToken);
            sent += piece;
        }
    }

    static Frame Data(Random random, int length) => new(random.Next(2) == 0 ? Frame.Text : Frame.Binary, Bytes(random, length));

    static byte[] Bytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    static IEnumerable<int> Range(int first, int count) => Enumerable.Range(first, count);
}
