using ImGateway.Edge.WebSockets;

namespace ImGateway.Edge.Tests.WebSockets;

public sealed class RequestCloseTests
{
    const ushort Restart = 1012;

    static readonly byte[] CloseFrame = Frame.Close(Restart).ToBytes();

    [Fact]
    public async Task A_quiet_socket_gets_its_Close_and_ends_with_the_echo()
    {
        await using var relay = new RelayInMemory();

        relay.Socket.RequestClose(Restart);

        Assert.Equal(CloseFrame, await RelayInMemory.ReadAsync(relay.Client, CloseFrame.Length));
        var echo = Frame.Close(Restart, masked: true).ToBytes();
        await relay.Client.WriteAsync(echo);
        Assert.Equal(echo, await RelayInMemory.ReadAsync(relay.Upstream, echo.Length));
        Assert.False(relay.Ended.IsCompleted);
        await relay.Upstream.DisposeAsync();
        Assert.Equal(new RelayOutcome(ClosedBy.Drain, IsGraceful: true, RelayFault.None), await relay.EndAsync());
        Assert.Empty(await RelayInMemory.ReadToEndAsync(relay.Client));
    }

    [Fact]
    public async Task A_wait_that_ended_without_data_keeps_no_Close_back()
    {
        await using var relay = new RelayInMemory(endsWaitsEarly: true);
        var frame = new Frame(Frame.Text, new byte[10]);
        await relay.SendFromUpstreamAsync(frame);
        await RelayInMemory.ReadAsync(relay.Client, frame.ToBytes().Length);

        relay.Socket.RequestClose(Restart);

        Assert.Equal(CloseFrame, await RelayInMemory.ReadAsync(relay.Client, CloseFrame.Length));
        await relay.SendFromUpstreamAsync(frame);
        await relay.Upstream.DisposeAsync();
        Assert.Equal(ClosedBy.Drain, (await relay.EndAsync()).By);
        Assert.Empty(await RelayInMemory.ReadToEndAsync(relay.Client));
    }

    [Fact]
    public async Task A_frame_under_way_comes_first()
    {
        await using var relay = new RelayInMemory();
        var frame = new Frame(Frame.Binary, new byte[100_000]).ToBytes();
        await relay.Upstream.WriteAsync(frame.AsMemory(0, 10_000));
        await RelayInMemory.ReadAsync(relay.Client, 10_000);

        relay.Socket.RequestClose(Restart);
        await relay.Upstream.WriteAsync(frame.AsMemory(10_000, 30_000));
        await RelayInMemory.ReadAsync(relay.Client, 30_000);
        // In one buffer with what may no longer pass.
        var sending = relay.Upstream.WriteAsync((byte[])[.. frame[40_000..], .. new Frame(Frame.Text, new byte[50]).ToBytes()]);

        var rest = await RelayInMemory.ReadAsync(relay.Client, 60_010 + CloseFrame.Length);
        await sending;
        Assert.Equal(CloseFrame, rest[^CloseFrame.Length..]);
        await relay.Upstream.DisposeAsync();
        Assert.Equal(ClosedBy.Drain, (await relay.EndAsync()).By);
        Assert.Empty(await RelayInMemory.ReadToEndAsync(relay.Client));
    }

    [Fact]
    public async Task Between_two_fragments_of_a_message_is_a_boundary()
    {
        await using var relay = new RelayInMemory();
        var fragment = new Frame(Frame.Text, new byte[10], Fin: false);
        await relay.SendFromUpstreamAsync(fragment);
        await RelayInMemory.ReadAsync(relay.Client, fragment.ToBytes().Length);

        relay.Socket.RequestClose(Restart);
        Assert.Equal(CloseFrame, await RelayInMemory.ReadAsync(relay.Client, CloseFrame.Length));

        await relay.SendFromUpstreamAsync(new Frame(0, new byte[10]));
        await relay.Upstream.DisposeAsync();
        Assert.Empty(await RelayInMemory.ReadToEndAsync(relay.Client));
    }

    [Fact]
    public async Task Asked_twice_it_closes_once()
    {
        await using var relay = new RelayInMemory();

        Parallel.For(0, 8, _ => relay.Socket.RequestClose(Restart));
        relay.Socket.RequestClose(1001);

        Assert.Equal(CloseFrame, await RelayInMemory.ReadAsync(relay.Client, CloseFrame.Length));
        await relay.Upstream.DisposeAsync();
        Assert.Empty(await RelayInMemory.ReadToEndAsync(relay.Client));
    }

    [Fact]
    public async Task The_upstreams_own_Close_stands()
    {
        await using var relay = new RelayInMemory();
        var close = Frame.Close(4000, "kicked").ToBytes();
        await relay.Upstream.WriteAsync(close.AsMemory(0, 1));
        await RelayInMemory.ReadAsync(relay.Client, 1);

        relay.Socket.RequestClose(Restart);
        await relay.Upstream.WriteAsync(close.AsMemory(1));
        await relay.Upstream.DisposeAsync();

        Assert.Equal(close[1..], await RelayInMemory.ReadToEndAsync(relay.Client));
        Assert.Equal(ClosedBy.Upstream, (await relay.EndAsync()).By);
    }

    [Fact]
    public async Task Where_no_boundary_is_known_nothing_is_put_in()
    {
        await using var relay = new RelayInMemory();
        byte[] lost = [0x82, 127, 0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3];
        await relay.Upstream.WriteAsync(lost);
        Assert.Equal(lost, await RelayInMemory.ReadAsync(relay.Client, lost.Length));

        relay.Socket.RequestClose(Restart);
        await relay.SendFromUpstreamAsync(new Frame(Frame.Text, []));
        await relay.Upstream.DisposeAsync();

        Assert.Equal(new byte[] { 0x81, 0 }, await RelayInMemory.ReadToEndAsync(relay.Client));
    }

    [Fact]
    public async Task A_client_that_does_not_answer_stays_until_it_is_cut()
    {
        await using var relay = new RelayInMemory();
        relay.Socket.RequestClose(Restart);
        await RelayInMemory.ReadAsync(relay.Client, CloseFrame.Length);
        Assert.False(relay.Ended.IsCompleted);

        relay.Socket.Abort(ClosedBy.Drain);

        var end = await relay.EndAsync();
        Assert.Equal((ClosedBy.Drain, false), (end.By, end.IsGraceful));
        Assert.Empty(await RelayInMemory.ReadToEndAsync(relay.Upstream));
    }

    [Fact]
    public async Task Whatever_the_moment_a_client_sees_whole_frames_and_one_Close()
    {
        for (var round = 0; round < 3000; round++)
        {
            var random = new Random(round);
            await using var relay = new RelayInMemory();
            var bytes = Enumerable.Range(0, random.Next(1, 30)).SelectMany(_ => new Frame(Frame.Binary, new byte[random.Next(random.Next(20) == 0 ? 70_000 : 200)]).ToBytes()).ToArray();
            var at = random.Next(bytes.Length + 1);
            var received = RelayInMemory.ReadToEndAsync(relay.Client);
            var asked = Task.CompletedTask;
            for (var sent = 0; sent < bytes.Length;)
            {
                var chunk = Math.Min(random.Next(1, 1 + Math.Max(1, bytes.Length / 4)), bytes.Length - sent);
                if (asked.IsCompleted && sent + chunk > at) asked = Task.Run(() => relay.Socket.RequestClose(Restart));
                await relay.Upstream.WriteAsync(bytes.AsMemory(sent, chunk));
                sent += chunk;
            }

            await asked;
            relay.Socket.RequestClose(Restart);
            while (!relay.Socket.HasSentClose && !relay.Ended.IsCompleted) await Task.Yield();
            await relay.Upstream.DisposeAsync();

            var frames = Frame.Parse(await received);
            await relay.EndAsync();
            Assert.Equal(Frame.CloseOpcode, frames[^1].Opcode);
            Assert.Single(frames, frame => frame.Opcode == Frame.CloseOpcode);
        }
    }

    [Fact]
    public async Task A_storm_of_frames_does_not_keep_the_Close_out()
    {
        await using var relay = new RelayInMemory();
        var storm = Task.Run(async () =>
        {
            var bytes = Enumerable.Repeat(new Frame(Frame.Binary, new byte[90_000]).ToBytes(), 3).SelectMany(frame => frame).ToArray();
            while (!relay.Socket.HasSentClose) await relay.Upstream.WriteAsync(bytes);
            await relay.Upstream.DisposeAsync();
        });
        var received = RelayInMemory.ReadToEndAsync(relay.Client);
        while (relay.Socket.BytesOut < 1_000_000) await Task.Yield();

        relay.Socket.RequestClose(Restart);

        await storm.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(Frame.CloseOpcode, Frame.Parse(await received)[^1].Opcode);
    }
}
