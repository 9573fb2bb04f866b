using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Hostile;

/// <summary>RFC 9113 §3.4: a client's first frame is SETTINGS.</summary>
public sealed class H2PrefaceTests(StrictEdge fixture) : IClassFixture<StrictEdge>
{
    const string Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    public static TheoryData<string> FirstFrames => ["PING", "HEADERS", "WINDOW_UPDATE", "GOAWAY", "an unknown type", "an acknowledgement", "DATA with SETTINGS behind it"];

    [Theory]
    [MemberData(nameof(FirstFrames))]
    public async Task A_first_frame_that_is_not_SETTINGS_ends_the_connection(string frame)
    {
        await using var client = await H2RawClient.ConnectAsync(fixture.Edge.Tls, settings: FrameOf(frame));

        Assert.Equal(1, (await client.WaitForAsync(answer => answer.Type == H2Type.GoAway))?.ErrorCode);
        await client.UntilEndAsync();
        Assert.Equal(H2Type.Settings, client.Frames[0].Type);
    }

    [Fact]
    public async Task A_preface_in_pieces_is_a_preface()
    {
        await using var stream = await ConnectAsync();

        byte[] bytes = [.. Encoding.ASCII.GetBytes(Preface), .. H2Frame.Settings((4, 70_000)).ToBytes(), .. H2Frame.Headers(1, H2Headers.Get("/nowhere")).ToBytes()];
        foreach (var piece in bytes.Chunk(7)) await stream.WriteAsync(piece, TestContext.Current.CancellationToken);

        // The server's SETTINGS, an acknowledgement, and at last the response on stream 1.
        var header = new byte[9];
        do
        {
            await stream.ReadExactlyAsync(header, TestContext.Current.CancellationToken);
            Assert.NotEqual((byte)H2Type.GoAway, header[3]);
            await stream.ReadExactlyAsync(new byte[header[0] << 16 | header[1] << 8 | header[2]], TestContext.Current.CancellationToken);
        }
        while (header[3] != (byte)H2Type.Headers);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: gateway.test\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r0000000000000000000000000000000000")]
    [InlineData("PRI * HT")]
    public async Task What_is_no_preface_ends_the_connection(string text)
    {
        await using var stream = await ConnectAsync();

        await stream.WriteAsync(Encoding.ASCII.GetBytes(text), TestContext.Current.CancellationToken);
        await stream.ShutdownAsync();

        try
        {
            await stream.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        }
        catch (IOException)
        {
            // A reset is an end too.
        }
    }

    async Task<SslStream> ConnectAsync()
    {
        var tcp = new TcpClient { NoDelay = true };
        await tcp.ConnectAsync(fixture.Edge.Tls, TestContext.Current.CancellationToken);
        var stream = new SslStream(tcp.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        var options = new SslClientAuthenticationOptions { TargetHost = "gateway.test", ApplicationProtocols = [SslApplicationProtocol.Http2] };
        await stream.AuthenticateAsClientAsync(options, TestContext.Current.CancellationToken);
        return stream;
    }

    static H2Frame FrameOf(string name) => name switch
    {
        "PING" => H2Frame.Of(H2Type.Ping, 0, new byte[8]),
        "HEADERS" => H2Frame.Headers(1, H2Headers.Get("/api")),
        "WINDOW_UPDATE" => H2Frame.WindowUpdate(0, 1000),
        "GOAWAY" => H2Frame.Of(H2Type.GoAway, 0, new byte[8]),
        "an unknown type" => H2Frame.Of((H2Type)0xbe, 0, new byte[20]),
        "an acknowledgement" => H2Frame.Of(H2Type.Settings, 0, [], H2Frame.Ack),
        // Nine bytes, so that what follows could be read as a frame.
        _ => H2Frame.Of(H2Type.Data, 1, H2Frame.Settings().ToBytes()),
    };
}
