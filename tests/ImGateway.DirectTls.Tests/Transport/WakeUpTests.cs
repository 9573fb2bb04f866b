using System.Net.Sockets;
using ImGateway.DirectTls.Transport;
using ImGateway.Testing;

namespace ImGateway.DirectTls.Tests.Transport;

/// <summary>
/// epoll reports an error, a hang-up and unread input as long as the descriptor is watched: the loop must not be woken again and again if no operation waits.
/// </summary>
public sealed class WakeUpTests
{
    const int Iterations = 100;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_connection_that_is_reset_while_no_read_waits(bool isTls)
    {
        await using var host = new TransportHost();
        var (socket, connection) = isTls ? await TlsAsync(host) : await host.ConnectAsync();
        using var client = socket;
        await using var server = connection;
        await WatchInputAsync(client, server, isTls);
        var closed = EndOf(server);

        client.LingerState = new LingerOption(enable: true, 0);
        client.Dispose();

        await closed;
        Assert.InRange(await host.EventsDuringAsync(Iterations), 0, 2);
    }

    [Fact]
    public async Task A_client_that_closes_both_directions_while_no_read_waits()
    {
        await using var host = new TransportHost();
        var (client, connection) = await host.ConnectAsync();
        await using var server = connection;
        await WatchInputAsync(client, server, isTls: false);
        var closed = EndOf(server);

        client.Dispose();
        await closed;
        // Answered with a reset, which is a hang-up and an error.
        await server.Transport.Output.WriteAsync(new byte[1], Cancellation);
        await server.Transport.Output.WriteAsync(new byte[1], Cancellation);

        Assert.InRange(await host.EventsDuringAsync(Iterations), 0, 2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Input_and_a_half_closed_client_while_no_read_waits(bool isTls)
    {
        await using var host = new TransportHost();
        var (socket, connection) = isTls ? await TlsAsync(host) : await host.ConnectAsync();
        using var client = socket;
        await using var server = connection;
        await WatchInputAsync(client, server, isTls);
        var closed = EndOf(server);

        await client.SendAsync(new byte[100], Cancellation);
        client.Shutdown(SocketShutdown.Send);

        await closed;
        Assert.InRange(await host.EventsDuringAsync(Iterations), 0, 2);
    }

    [Fact]
    public async Task A_client_that_is_reset_after_its_handshake_was_cancelled()
    {
        await using var host = new TransportHost();
        var (client, connection) = await host.ConnectAsync();
        await using var server = connection;
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        await server.BeginTlsAsync(host.Server, host.Credential, cancellation.Token);
        var finished = server.FinishTlsAsync(cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => finished);
        var closed = EndOf(server);

        client.LingerState = new LingerOption(enable: true, 0);
        client.Dispose();

        await closed;
        Assert.InRange(await host.EventsDuringAsync(Iterations), 0, 2);
    }

    /// <summary>A write cannot go on before the rest of the message has come (SSL_ERROR_WANT_READ), however much room the socket has.</summary>
    [Fact]
    public async Task A_write_amid_a_key_update_waits_for_the_rest_of_it()
    {
        await using var host = new TransportHost();
        var (client, socket, connection) = await host.ConnectRawAsync();
        using var raw = client;
        await using var server = connection;
        var (first, rest) = client.SealSplitKeyUpdate(requested: true);
        var read = server.Input.ReadAsync(Cancellation);
        // Behind a read that was put off until the next iteration: from here on it waits for an event.
        await host.RunOnLoopAsync(() => { });
        var events = host.Loop.Events;
        await socket.SendAsync(first, Cancellation);
        // The reader passes the first part to OpenSSL.
        await host.UntilEventAfterAsync(events);

        var written = server.Output.WriteAsync("after the key update"u8.ToArray(), Cancellation).AsTask();
        Assert.False(written.IsCompleted);
        Assert.InRange(await host.EventsDuringAsync(Iterations), 0, 2);
        await socket.SendAsync(rest, Cancellation);

        await written.WaitAsync(TransportHost.Patience, Cancellation);
        Assert.Equal("after the key update", await client.ReadUntilAsync("update", Cancellation));
        await client.SendAsync(RawTls13Client.ApplicationDataType, "x"u8.ToArray(), Cancellation);
        Assert.Equal(1, (await read).Buffer.Length);
    }

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    static async Task<(Socket Client, DirectConnection Server)> TlsAsync(TransportHost host)
    {
        var (_, socket, server) = await host.ConnectRawAsync();
        return (socket, server);
    }

    /// <summary>A read that is cancelled leaves the socket watched.</summary>
    static async Task WatchInputAsync(Socket client, DirectConnection server, bool isTls)
    {
        Assert.True(client.Connected);
        var input = isTls ? server.Input : server.Transport.Input;
        var read = input.ReadAsync(Cancellation).AsTask();
        input.CancelPendingRead();
        input.AdvanceTo((await read).Buffer.Start);
    }

    static Task EndOf(DirectConnection server)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server.ConnectionClosed.Register(ended.SetResult);
        return ended.Task.WaitAsync(TransportHost.Patience, Cancellation);
    }
}
