using System.Buffers;
using System.Net.Sockets;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Testing;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.DependencyInjection;

namespace ImGateway.Edge.Tests.Connections;

/// <summary>The end of a connection whose client does not read: Kestrel would wait for it without a limit.</summary>
public sealed class ConnectionEndTests
{
    /// <summary>More than the kernel takes of a connection whose client does not read.</summary>
    const int Unread = 24 * 1024 * 1024;

    [Theory]
    [InlineData(BoundedCloseHost.Tls)]
    [InlineData(BoundedCloseHost.Plain)]
    [InlineData(BoundedCloseHost.Management)]
    public async Task A_client_that_never_reads_is_counted_until_its_socket_is_closed_and_that_is_bounded(string listener)
    {
        var served = new TaskCompletionSource<Socket>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = await BoundedCloseHost.StartAsync(connection =>
        {
            connection.Transport.Output.Write(new byte[Unread]);
            served.SetResult(connection.Features.Get<IConnectionSocketFeature>()!.Socket);
            return Task.CompletedTask;
        });
        await using var client = await host.ConnectAsync(listener);
        var server = await served.Task.WaitAsync(BoundedCloseHost.Patience, TestContext.Current.CancellationToken);

        var isCounted = listener is not BoundedCloseHost.Management;
        await host.UntilAsync(() =>
        {
            var (counted, limited) = (host.Connections.Count, host.Services.GetRequiredService<ConnectionLimits>().Clients);
            if (server.SafeHandle.IsClosed) return true;
            if (isCounted) Assert.Equal((1, 1), (counted, limited));
            host.Time.Advance(TimeSpan.FromSeconds(1));
            return false;
        });
        await host.UntilAsync(() => host.Connections.Count == 0 && host.Services.GetRequiredService<ConnectionLimits>().Clients == 0);
    }

    [Fact]
    public async Task A_client_that_reads_gets_all_of_it_however_much_there_is_at_the_end()
    {
        await using var host = await BoundedCloseHost.StartAsync(connection =>
        {
            connection.Transport.Output.Write(new byte[Unread]);
            return Task.CompletedTask;
        });
        await using var client = await host.ConnectAsync(BoundedCloseHost.Tls);

        var read = 0L;
        var buffer = new byte[256 * 1024];
        while (await client.ReadAsync(buffer, TestContext.Current.CancellationToken) is > 0 and var bytes)
        {
            read += bytes;
            // Slowly, by the edge's clock, and faster than Limits:MinBytesPerSecond.
            host.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(Unread, read);
    }

    /// <summary>
    /// Of streams that are reset Kestrel may wait for one that never ends. What it writes to may only go back to the pool when it has ended: until then
    /// it may write to it still. With SslStream only: the writer of Direct rents from the array pool of the process, whose return <c>ReturnedMemoryTests</c> observes.
    /// </summary>
    [Fact]
    public async Task What_the_server_has_of_a_pool_is_its_own_until_it_has_ended_even_long_after_the_client_has_left()
    {
        var (goOn, holds) = (new TaskCompletionSource(), new TaskCompletionSource<(Memory<byte>, MemoryPool<byte>)>(TaskCreationOptions.RunContinuationsAsynchronously));
        await using var host = await BoundedCloseHost.StartAsync(async connection =>
        {
            holds.SetResult((connection.Transport.Output.GetMemory(1), connection.Features.Get<IMemoryPoolFeature>()!.MemoryPool));
            await goOn.Task;
        }, TestedEngine.SslStream);
        Memory<byte> held;
        MemoryPool<byte> pool;
        await using (var client = await host.ConnectAsync(BoundedCloseHost.Tls, http2: true))
        {
            // RFC 9113 §3.4: what every connection begins with.
            await client.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0"u8.ToArray(), TestContext.Current.CancellationToken);
            (held, pool) = await holds.Task.WaitAsync(BoundedCloseHost.Patience, TestContext.Current.CancellationToken);
        }

        await host.UntilAsync(() =>
        {
            host.Time.Advance(TimeSpan.FromSeconds(1));
            return host.Connections.Count == 0;
        });
        Assert.False(IsReturned(), "what the server writes to has gone back to the pool while it was serving");

        goOn.SetResult();
        await host.UntilAsync(IsReturned);

        bool IsReturned()
        {
            var rented = Enumerable.Range(0, 100).Select(_ => pool.Rent()).ToList();
            var found = rented.Exists(block => block.Memory.Span.Overlaps(held.Span));
            foreach (var block in rented) block.Dispose();
            return found;
        }
    }
}
