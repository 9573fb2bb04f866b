using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using ImGateway.Testing;

namespace ImGateway.DirectTls.Tests.Transport;

/// <summary>A header in front of TLS, and a ClientHello that is examined and then read by OpenSSL.</summary>
public sealed class PeekingReaderTests
{
    static readonly byte[] Header = "PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\r\n"u8.ToArray();

    /// <summary>Each place at which a network may split it, and glued.</summary>
    [Fact]
    public async Task A_header_and_a_hello_split_at_any_byte_are_read_completely()
    {
        await using var host = new TransportHost();
        var hello = RawTls13Client.HelloFor("edge.test");
        for (var split = 1; split <= Header.Length + HelloLength; split++)
        {
            var (socket, server) = await host.ConnectAsync();
            var stream = new SplitStream(socket, Header, split);
            using var client = new RawTls13Client(stream);
            var handshake = client.HandshakeAsync(hello, Cancellation);

            var input = server.Transport.Input;
            await ConsumeHeaderAsync(input, stream);
            await ExamineAsync(input, HelloLength, seen => stream.OnSeen(Header.Length + seen));
            await host.HandshakeAsync(server).WaitAsync(TransportHost.Patience, Cancellation);

            Assert.True(await handshake, $"split at {split}");
            await server.DisposeAsync();
            await stream.DisposeAsync();
        }
    }

    /// <summary>The low watermark of the header must not hold for what follows it.</summary>
    [Fact]
    public async Task A_few_bytes_after_a_header_that_came_in_parts_are_reported()
    {
        await using var host = new TransportHost();
        var (client, connection) = await host.ConnectAsync();
        using var socket = client;
        await using var server = connection;
        var input = server.Transport.Input;
        await client.SendAsync(Header.AsMemory(0, 30), Cancellation);
        await ExamineAsync(input, 30, _ => { });
        var rest = ExamineAsync(input, Header.Length, _ => { });
        await client.SendAsync(Header.AsMemory(30), Cancellation);
        await rest;
        input.CancelPendingRead();
        input.AdvanceTo((await input.ReadAsync(Cancellation)).Buffer.End);

        var next = input.ReadAsync(Cancellation).AsTask();
        await client.SendAsync("GET"u8.ToArray(), Cancellation);

        Assert.Equal("GET"u8.ToArray(), (await next.WaitAsync(TransportHost.Patience, Cancellation)).Buffer.ToArray());
    }

    [Theory]
    [InlineData(100)]
    [InlineData(15 * 1024)]
    [InlineData(20 * 1024)]
    public async Task Beyond_16_KB_the_rest_follows_what_is_not_consumed(int consumed)
    {
        await using var host = new TransportHost();
        var (client, connection) = await host.ConnectAsync();
        using var socket = client;
        await using var server = connection;
        var input = server.Transport.Input;
        var sent = new byte[48 * 1024];
        new Random(1).NextBytes(sent);

        await client.SendAsync(sent.AsMemory(0, 24 * 1024), Cancellation);
        await ExamineAsync(input, 24 * 1024, _ => { });
        input.CancelPendingRead();
        var read = await input.ReadAsync(Cancellation);
        input.AdvanceTo(read.Buffer.GetPosition(consumed), read.Buffer.End);
        await client.SendAsync(sent.AsMemory(24 * 1024), Cancellation);
        await ExamineAsync(input, sent.Length - consumed, _ => { });
        input.CancelPendingRead();

        Assert.Equal(sent[consumed..], (await input.ReadAsync(Cancellation)).Buffer.ToArray());
    }

    [Fact]
    public async Task A_hello_of_40_KB_is_read_by_OpenSSL()
    {
        await using var host = new TransportHost();
        var (socket, connection) = await host.ConnectAsync();
        await using var server = connection;
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        using var client = new RawTls13Client(stream) { Fragments = message => message.Chunk(16 * 1024) };
        // Unknown extensions are ignored (RFC 8446 §4.2).
        var hello = RawTls13Client.HelloFor("edge.test") with { MoreExtensions = [(0xFA01, new byte[40 * 1024])] };
        var handshake = client.HandshakeAsync(hello, Cancellation);
        await ExamineAsync(server.Transport.Input, 40 * 1024, _ => { });

        await host.HandshakeAsync(server).WaitAsync(TransportHost.Patience, Cancellation);

        Assert.True(await handshake);
    }

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>With its key share, in one record.</summary>
    static int HelloLength { get; } = 5 + RawTls13Client.HelloFor("edge.test").ToMessage().Length + 4 + 2 + 4 + 65;

    static async Task ConsumeHeaderAsync(PipeReader input, SplitStream stream)
    {
        while (true)
        {
            var read = await input.ReadAsync(Cancellation).AsTask().WaitAsync(TransportHost.Patience, Cancellation);
            stream.OnSeen((int)read.Buffer.Length);
            if (read.Buffer.Length >= Header.Length)
            {
                Assert.Equal(Header, read.Buffer.Slice(0, Header.Length).ToArray());
                input.AdvanceTo(read.Buffer.GetPosition(Header.Length));
                return;
            }

            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>Reads until that many bytes are there, and consumes none.</summary>
    static async Task ExamineAsync(PipeReader input, int count, Action<int> seen)
    {
        while (true)
        {
            var read = await input.ReadAsync(Cancellation).AsTask().WaitAsync(TransportHost.Patience, Cancellation);
            seen((int)read.Buffer.Length);
            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.Buffer.Length >= count) return;
        }
    }

    /// <summary>Sends a header and the first write as two segments: the second one when the first has been seen.</summary>
    sealed class SplitStream(Socket socket, byte[] header, int split) : NetworkStream(socket, ownsSocket: true)
    {
        readonly TaskCompletionSource _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        bool _isFirst = true;

        public void OnSeen(int count)
        {
            if (count >= split) _seen.TrySetResult();
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!_isFirst)
            {
                await base.WriteAsync(buffer, cancellationToken);
                return;
            }

            _isFirst = false;
            byte[] all = [.. header, .. buffer.Span];
            await base.WriteAsync(all.AsMemory(0, split), cancellationToken);
            if (split < all.Length) await _seen.Task.WaitAsync(TransportHost.Patience, cancellationToken);
            await base.WriteAsync(all.AsMemory(split), cancellationToken);
        }
    }
}
