using CsCheck;
using ImGateway.Edge.Tests.Proxying;
using ImGateway.Edge.WebSockets;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.WebSockets;

/// <summary>The first Close frame decides who closed a WebSocket (RFC 6455 §7.1.1: the server ends TCP first, also where the client began the closing handshake).</summary>
public sealed class FirstCloseTests
{
    const ushort Restart = 1012;

    static readonly byte[] ClientsClose = Frame.Close(1000, masked: true).ToBytes();
    static readonly byte[] UpstreamsClose = Frame.Close(1000).ToBytes();

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_client_that_closes_is_counted_though_the_gateway_ends_TCP_first(string version)
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Upgrade(async connection =>
        {
            var close = new byte[ClientsClose.Length];
            await connection.Stream.ReadExactlyAsync(close, connection.Stopped);
            await connection.Stream.WriteAsync(UpstreamsClose, connection.Stopped);
            connection.Close();
        }));
        await using var edge = await ProxyHost.StartAsync(upstream);
        await using (var client = await RawWebSocket.OpenAsync(edge, version))
        {
            await client.SendAsync(ClientsClose);
            Assert.Equal(UpstreamsClose, await client.ReadToEndAsync());
        }

        var metrics = await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_websocket_closed_total") == 1);
        Assert.Equal(1, metrics.Sum("imgw_websocket_closed_total", ("by", "client")));
    }

    [Fact]
    public async Task An_upstream_that_closes_is_counted_though_the_client_ends_TCP_first()
    {
        await using var relay = new RelayInMemory();
        await relay.Upstream.WriteAsync(UpstreamsClose);
        await RelayInMemory.ReadAsync(relay.Client, UpstreamsClose.Length);
        await relay.Client.WriteAsync(ClientsClose);
        await relay.Client.DisposeAsync();

        Assert.Equal(ClosedBy.Upstream, (await relay.EndAsync()).By);
    }

    [Fact]
    public async Task A_client_that_closed_before_a_drain_is_counted()
    {
        await using var relay = new RelayInMemory();
        await relay.Client.WriteAsync(ClientsClose);
        await RelayInMemory.ReadAsync(relay.Upstream, ClientsClose.Length);

        relay.Socket.RequestClose(Restart);
        await relay.Upstream.DisposeAsync();

        Assert.Equal(ClosedBy.Client, (await relay.EndAsync()).By);
    }

    [Theory]
    [InlineData("idle")]
    [InlineData("drain")]
    public async Task A_closing_handshake_that_the_edge_cuts_short_counts_for_who_began_it(string by)
    {
        await using var relay = new RelayInMemory();
        await relay.Client.WriteAsync(ClientsClose);
        await RelayInMemory.ReadAsync(relay.Upstream, ClientsClose.Length);

        relay.Socket.Abort(by == "idle" ? ClosedBy.Idle : ClosedBy.Drain);

        Assert.Equal(ClosedBy.Client, (await relay.EndAsync()).By);
    }

    [Fact]
    public async Task Where_no_Close_has_passed_the_end_of_TCP_decides()
    {
        await using var relay = new RelayInMemory();
        // Has the bytes of a Close, but is payload.
        var frame = new Frame(Frame.Binary, [0x88, 0x80, 0x88, 0x80], Masked: true).ToBytes();
        await relay.Client.WriteAsync(frame);
        await RelayInMemory.ReadAsync(relay.Upstream, frame.Length);

        await relay.Upstream.DisposeAsync();

        Assert.Equal(ClosedBy.Upstream, (await relay.EndAsync()).By);
    }

    [Fact]
    public async Task However_the_bytes_are_cut_a_clients_Close_is_found_and_nothing_is_changed()
    {
        var frames =
            from opcode in Gen.Int[0, 15]
            from length in Gen.OneOf(Gen.Int[0, 130], Gen.Const(65_536), Gen.Int[126, 3000])
            from masked in Gen.Bool
            select new Frame(opcode, new byte[length], Masked: masked);
        await Gen.Select(frames.List[1, 6], Gen.Int[1, 400].Array[1, 20]).SampleAsync(async (frames, cuts) =>
        {
            await using var relay = new RelayInMemory();
            var bytes = frames.SelectMany(frame => frame.ToBytes()).ToArray();
            var received = RelayInMemory.ReadAsync(relay.Upstream, bytes.Length);
            for (var (at, cut) = (0, 0); at < bytes.Length; cut++)
            {
                var part = Math.Min(cuts[cut % cuts.Length], bytes.Length - at);
                await relay.Client.WriteAsync(bytes.AsMemory(at, part));
                at += part;
            }

            Assert.Equal(bytes, await received);
            await relay.Upstream.DisposeAsync();
            Assert.Equal(frames.Any(frame => frame.Opcode == Frame.CloseOpcode) ? ClosedBy.Client : ClosedBy.Upstream, (await relay.EndAsync()).By);
        }, iter: 200);
    }
}
