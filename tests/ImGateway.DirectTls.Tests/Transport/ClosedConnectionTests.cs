using System.Buffers;
using System.Net.Sockets;
using ImGateway.DirectTls.Transport;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.DirectTls.Tests.Transport;

/// <summary>What still happens to a connection after its end.</summary>
public sealed class ClosedConnectionTests
{
    /// <summary>The number of a closed descriptor may already belong to another connection, and OpenSSL's state is freed.</summary>
    [Fact]
    public async Task A_write_after_the_end_goes_nowhere()
    {
        await using var host = new TransportHost();
        var (client, plain) = await host.ConnectAsync();
        using var closed = client;
        var output = plain.Transport.Output;
        await plain.DisposeAsync();
        var (other, reused) = await host.ConnectAsync();
        using var open = other;
        await using var server = reused;

        var result = await output.WriteAsync("for the closed one"u8.ToArray(), Cancellation);
        await server.Transport.Output.WriteAsync("for the open one"u8.ToArray(), Cancellation);

        Assert.True(result.IsCompleted);
        var buffer = new byte[64];
        Assert.Equal("for the open one"u8.ToArray(), buffer[..await other.ReceiveAsync(buffer, Cancellation)]);
    }

    [Fact]
    public async Task A_write_after_the_end_of_a_TLS_connection_is_dropped()
    {
        await using var host = new TransportHost();
        var (client, server) = await host.ConnectTlsAsync();
        await using var closed = client;
        await server.DisposeAsync();

        var result = await server.Output.WriteAsync(new byte[100], Cancellation);

        Assert.True(result.IsCompleted);
        Assert.True((await server.Input.ReadAsync(Cancellation)).IsCompleted);
        await server.ShutdownTlsAsync();
    }

    /// <summary>A reset is reported once; before it, OpenSSL returns after each message without data.</summary>
    [Fact]
    public async Task A_reset_behind_messages_without_data_ends_the_input()
    {
        await using var host = new TransportHost();
        var (client, socket, connection) = await host.ConnectRawAsync();
        using var raw = client;
        await using var server = connection;
        byte[] messages = [.. Enumerable.Range(0, 5).SelectMany(_ => client.SealKeyUpdate(requested: false))];
        var read = server.Input.ReadAsync(Cancellation).AsTask();
        using var release = new ManualResetEventSlim();
        var blocked = host.RunOnLoopAsync(() => release.Wait(Cancellation));

        await socket.SendAsync(messages, Cancellation);
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Dispose();
        release.Set();
        await blocked;

        Assert.True((await read.WaitAsync(TransportHost.Patience, Cancellation)).IsCompleted);
    }

    /// <summary>A writer on another thread may be between GetMemory and Advance when the connection is closed.</summary>
    [Fact]
    public async Task Memory_that_a_writer_still_fills_is_not_given_to_others()
    {
        await using var host = new TransportHost();
        var (client, server) = await host.ConnectTlsAsync();
        await using var closed = client;
        var memory = server.Output.GetMemory(4096);

        await server.DisposeAsync();
        var rented = Enumerable.Range(0, 64).Select(_ => ArrayPool<byte>.Shared.Rent(4096)).ToList();
        foreach (var array in rented) Array.Clear(array);
        memory.Span.Fill(0xAA);

        Assert.All(rented, array => Assert.DoesNotContain((byte)0xAA, array));
        server.Output.Advance(4096);
        Assert.True((await server.Output.FlushAsync(Cancellation)).IsCompleted);
    }

    /// <summary>An exception on a thread of the pool would end the process.</summary>
    [Fact]
    public async Task A_callback_of_ConnectionClosed_that_throws_is_logged()
    {
        await using var host = new TransportHost();
        var (client, connection) = await host.ConnectTlsAsync();
        await using var server = connection;
        using var registration = connection.ConnectionClosed.Register(() => throw new InvalidOperationException("the callback's own fault"));

        await client.DisposeAsync();
        await ReadToEndAsync(connection);

        Assert.Contains("the callback's own fault", await host.LoopLog.ContainingAsync("the callback's own fault", Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disposing_again_and_at_once_and_after_an_abort_closes_once()
    {
        await using var host = new TransportHost();
        var (client, server) = await host.ConnectTlsAsync();
        await using var closed = client;
        var read = server.Input.ReadAsync(Cancellation);
        server.Abort(new ConnectionAbortedException());

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => server.DisposeAsync().AsTask(), Cancellation)));
        await server.DisposeAsync();
        server.Abort(new ConnectionAbortedException());

        Assert.True((await read.AsTask().WaitAsync(TransportHost.Patience, Cancellation)).IsCompleted);
        Assert.Equal(0, host.Loop.Connections);
        Assert.True(server.ConnectionClosed.IsCancellationRequested);
    }

    [Fact]
    public async Task Shutdown_after_the_client_has_reset_the_connection_ends_without_an_exception()
    {
        await using var host = new TransportHost();
        var (client, socket, connection) = await host.ConnectRawAsync();
        using var raw = client;
        await using var server = connection;
        socket.LingerState = new LingerOption(enable: true, 0);
        socket.Dispose();
        await ReadToEndAsync(connection);

        await connection.ShutdownTlsAsync().WaitAsync(TransportHost.Patience, Cancellation);
        await connection.ShutdownTlsAsync().WaitAsync(TransportHost.Patience, Cancellation);
    }

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    static async Task ReadToEndAsync(DirectConnection connection)
    {
        while (await connection.Input.ReadAsync(Cancellation).AsTask().WaitAsync(TransportHost.Patience, Cancellation) is { IsCompleted: false } read)
            connection.Input.AdvanceTo(read.Buffer.End);
    }
}
