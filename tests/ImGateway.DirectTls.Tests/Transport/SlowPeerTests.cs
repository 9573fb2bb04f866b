using System.Net.Sockets;
using ImGateway.DirectTls.Transport;
using ImGateway.Testing;

namespace ImGateway.DirectTls.Tests.Transport;

/// <summary>A client that does not read, a server that does not read, and a client that has closed its direction.</summary>
public sealed class SlowPeerTests
{
    const int Chunk = 64 * 1024;

    [Fact]
    public async Task A_flush_waits_for_a_client_that_does_not_read_and_completes_when_it_does()
    {
        await using var host = new TransportHost();
        var (client, connection) = await host.ConnectTlsAsync();
        await using var reader = client;
        await using var server = connection;

        var (sent, flush) = await FillAsync(server);
        Assert.InRange(server.Output.UnflushedBytes, 1, Chunk);
        Assert.InRange(await host.EventsDuringAsync(100), 0, 2);
        await AssertPatternAsync(client, sent);

        Assert.False((await flush.WaitAsync(TransportHost.Patience, Cancellation)).IsCompleted);
        Assert.Equal(0, server.Output.UnflushedBytes);
    }

    /// <summary>What the socket does not hold waits with the client: its writes end.</summary>
    [Fact]
    public async Task A_server_that_does_not_read_holds_nothing_of_what_the_client_sends()
    {
        await using var host = new TransportHost();
        var (client, connection) = await host.ConnectTlsAsync();
        await using var writer = client;
        await using var server = connection;
        var input = server.Input;
        await client.WriteAsync(new byte[1], Cancellation);
        var first = await input.ReadAsync(Cancellation);
        input.AdvanceTo(first.Buffer.End);
        const int Total = 32 * 1024 * 1024;
        var writing = Task.Run(
            async () =>
            {
                for (var left = Total; left > 0; left -= Chunk) await client.WriteAsync(new byte[Chunk], Cancellation);
            },
            Cancellation);

        Assert.InRange(await host.EventsDuringAsync(100), 0, 2);
        long received = 0, largest = 0;
        while (received < Total)
        {
            var read = await input.ReadAsync(Cancellation).AsTask().WaitAsync(TransportHost.Patience, Cancellation);
            received += read.Buffer.Length;
            largest = Math.Max(largest, read.Buffer.Length);
            input.AdvanceTo(read.Buffer.End);
        }

        await writing;
        // One read returns at most 64 KB and the record that exceeds them.
        Assert.InRange(largest, 1, 2 * Chunk);
    }

    [Fact]
    public async Task A_client_that_has_closed_its_direction_still_receives()
    {
        await using var host = new TransportHost();
        var (client, connection) = await host.ConnectTlsAsync();
        await using var reader = client;
        await using var server = connection;

        await client.ShutdownAsync();
        Assert.True((await server.Input.ReadAsync(Cancellation)).IsCompleted);
        await server.Output.WriteAsync(new byte[1000], Cancellation);
        await server.ShutdownTlsAsync();

        var buffer = new byte[1000];
        await client.ReadExactlyAsync(buffer, Cancellation);
        Assert.Equal(0, await client.ReadAsync(buffer, Cancellation));
    }

    /// <summary>Kestrel aborts a connection whose ConnectionClosed is cancelled: the response to close_notify would not be sent.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_connection_is_closed_when_the_socket_is_and_not_by_close_notify(bool waits)
    {
        await using var host = new TransportHost();
        var (client, connection) = await host.ConnectTlsAsync();
        await using var server = connection;
        var read = waits ? server.Input.ReadAsync(Cancellation).AsTask() : null;

        await client.ShutdownAsync();
        read ??= server.Input.ReadAsync(Cancellation).AsTask();
        Assert.True((await read.WaitAsync(TransportHost.Patience, Cancellation)).IsCompleted);

        Assert.False(server.ConnectionClosed.IsCancellationRequested);
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = server.ConnectionClosed.Register(closed.SetResult);
        await client.DisposeAsync();
        await closed.Task.WaitAsync(TransportHost.Patience, Cancellation);
    }

    /// <summary>close_notify comes after everything that was written, even if both wait for room.</summary>
    [Fact]
    public async Task A_shutdown_waits_for_a_client_that_does_not_read()
    {
        await using var host = new TransportHost();
        var (client, connection) = await host.ConnectTlsAsync();
        await using var reader = client;
        await using var server = connection;
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var (sent, flush) = await FillAsync(server, cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush);

        var shutdown = server.ShutdownTlsAsync();
        Assert.False(shutdown.IsCompleted);
        await AssertPatternAsync(client, sent);

        Assert.Equal(0, await client.ReadAsync(new byte[1], Cancellation));
        await shutdown.WaitAsync(TransportHost.Patience, Cancellation);
    }

    [Fact]
    public async Task An_abort_ends_a_shutdown_that_waits()
    {
        await using var host = new TransportHost();
        var (client, connection) = await host.ConnectTlsAsync();
        await using var reader = client;
        await using var server = connection;
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var (_, flush) = await FillAsync(server, cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush);
        var shutdown = server.ShutdownTlsAsync();

        server.Abort(new());

        await shutdown.WaitAsync(TransportHost.Patience, Cancellation);
    }

    /// <summary>A write that fails because close_notify was sent before it ends the output; neither call throws.</summary>
    [Fact]
    public async Task Shutdown_and_write_at_once()
    {
        await using var host = new TransportHost();
        for (var i = 0; i < 50; i++)
        {
            var (client, connection) = await host.ConnectTlsAsync();
            await using var reader = client;
            await using var server = connection;
            var write = Task.Run(() => server.Output.WriteAsync(new byte[10], Cancellation).AsTask(), Cancellation);
            var shutdown = Task.Run(server.ShutdownTlsAsync, Cancellation);

            await Task.WhenAll(write, shutdown).WaitAsync(TransportHost.Patience, Cancellation);
            await server.DisposeAsync();

            // All or nothing, then close_notify.
            Assert.Contains(await client.ReadAtLeastAsync(new byte[20], 20, throwOnEndOfStream: false, Cancellation), (int[])[0, 10]);
        }
    }

    /// <summary>The response to the KeyUpdate must wait behind a record that was sent in part.</summary>
    [Fact]
    public async Task A_key_update_in_both_directions_while_the_socket_is_full()
    {
        await using var host = new TransportHost();
        var (client, socket, connection) = await host.ConnectRawAsync();
        using var raw = client;
        await using var server = connection;
        var (sent, flush) = await FillAsync(server);

        await client.SendRawAsync(client.SealKeyUpdate(requested: true), Cancellation);
        await client.SendAsync(RawTls13Client.ApplicationDataType, "after"u8.ToArray(), Cancellation);
        var read = server.Input.ReadAsync(Cancellation).AsTask();
        Assert.InRange(await host.EventsDuringAsync(100), 0, 10);
        long received = 0;
        while (received < sent && await client.ReadAsync(Cancellation) is { } data) received += data.Length;

        await flush.WaitAsync(TransportHost.Patience, Cancellation);
        Assert.Equal(5, (await read.WaitAsync(TransportHost.Patience, Cancellation)).Buffer.Length);
        await server.Output.WriteAsync("with new keys"u8.ToArray(), Cancellation);
        Assert.Equal("with new keys", await client.ReadUntilAsync("keys", Cancellation));
    }

    /// <summary>A cancelled flush leaves its data for the next one. As long as some is left the buffer is kept, and must not grow with what has been sent.</summary>
    [Fact]
    public async Task Flushes_that_are_cancelled_one_after_the_other_take_no_more_memory()
    {
        const int KernelBuffer = 32 * 1024, Message = 32 * 1024, Backlog = 10, Rounds = 130;
        await using var host = new TransportHost();
        var (client, socket, connection) = await host.ConnectRawAsync();
        using var raw = client;
        await using var server = connection;
        // Otherwise the kernel's buffers grow, and take the backlog.
        socket.ReceiveBufferSize = KernelBuffer;
        using var serverSocket = new Socket(new SafeSocketHandle(server.Socket.Descriptor.Value, ownsHandle: false));
        serverSocket.SendBufferSize = KernelBuffer;
        for (var i = 0; i < Backlog; i++) await WriteAndCancelAsync();

        var received = 0;
        for (var i = 1; i <= Rounds; i++)
        {
            while (received < i * Message) received += (await client.ReadAsync(Cancellation).WaitAsync(TransportHost.Patience, Cancellation))!.Length;
            await WriteAndCancelAsync();
            Assert.NotEqual(0, server.Output.UnflushedBytes);
        }

        Assert.InRange(server.Output.UnflushedBytes + server.Output.GetMemory(1).Length, 1, 4 * Backlog * Message);

        async Task WriteAndCancelAsync()
        {
            var flush = server.Output.WriteAsync(new byte[Message], Cancellation).AsTask();
            server.Output.CancelPendingFlush();
            await flush.WaitAsync(TransportHost.Patience, Cancellation);
        }
    }

    [Fact]
    public async Task A_flush_that_is_cancelled_before_it_begins_waits_for_nothing_and_loses_nothing()
    {
        await using var host = new TransportHost();
        var (client, connection) = await host.ConnectTlsAsync();
        await using var reader = client;
        await using var server = connection;
        var (sent, flush) = await FillAsync(server);
        server.Output.CancelPendingFlush();
        await flush;

        server.Output.CancelPendingFlush();
        Assert.True((await server.Output.FlushAsync(Cancellation).AsTask().WaitAsync(TransportHost.Patience, Cancellation)).IsCanceled);

        await AssertPatternAsync(client, sent);
    }

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Writes until a flush waits.</summary>
    static async Task<(long Sent, Task<System.IO.Pipelines.FlushResult> Flush)> FillAsync(DirectConnection server, CancellationToken cancellationToken = default)
    {
        var chunk = new byte[Chunk];
        for (var sent = 0L; sent < 256 * 1024 * 1024;)
        {
            for (var i = 0; i < Chunk; i++) chunk[i] = (byte)((sent + i) % 251);
            sent += Chunk;
            var flush = server.Output.WriteAsync(chunk, cancellationToken);
            if (!flush.IsCompleted) return (sent, flush.AsTask());
            Assert.False((await flush).IsCompleted);
        }

        throw new InvalidOperationException("The socket has no bound.");
    }

    static async Task AssertPatternAsync(Stream client, long count)
    {
        var buffer = new byte[Chunk];
        for (var received = 0L; received < count; received += Chunk)
        {
            await client.ReadExactlyAsync(buffer, Cancellation);
            for (var i = 0; i < Chunk; i++)
            {
                if (buffer[i] != (byte)((received + i) % 251)) Assert.Fail($"byte {received + i} is wrong");
            }
        }
    }
}
