using ImGateway.DirectTls.Transport;

namespace ImGateway.DirectTls.Tests.Transport;

public sealed class AllocationTests
{
    const int Messages = 2_000, Attempts = 5;

    /// <summary>A message there and back on an open connection: the loop reads it, its consumer continues on the loop and writes.</summary>
    [Fact]
    public async Task A_message_allocates_nothing()
    {
        await using var host = new TransportHost();
        var (client, connection) = await host.ConnectTlsAsync();
        await using var stream = client;
        await using var server = connection;
        var echo = EchoAsync(server);
        await ExchangeAsync(stream, 500);
        // Once in a while the pool of buffers has been emptied by a collection.
        var least = long.MaxValue;
        for (var attempt = 0; attempt < Attempts && least > 10 * Messages; attempt++)
        {
            var before = await AllocatedAsync(host);
            await ExchangeAsync(stream, Messages);
            least = Math.Min(least, await AllocatedAsync(host) - before);
        }

        Assert.InRange(least, 0, 10 * Messages);
        await stream.DisposeAsync();
        await echo.WaitAsync(TransportHost.Patience, Cancellation);
    }

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>By the thread of the loop.</summary>
    static async Task<long> AllocatedAsync(TransportHost host)
    {
        var allocated = 0L;
        await host.RunOnLoopAsync(() => allocated = GC.GetAllocatedBytesForCurrentThread());
        return allocated;
    }

    static async Task EchoAsync(DirectConnection server)
    {
        while (true)
        {
            var read = await server.Input.ReadAsync(CancellationToken.None).ConfigureAwait(false);
            if (read.IsCompleted) return;
            await server.Output.WriteAsync(read.Buffer.First, CancellationToken.None).ConfigureAwait(false);
            server.Input.AdvanceTo(read.Buffer.End);
        }
    }

    static async Task ExchangeAsync(Stream client, int count)
    {
        var message = new byte[64];
        for (var i = 0; i < count; i++)
        {
            await client.WriteAsync(message, Cancellation);
            await client.ReadExactlyAsync(message, Cancellation);
        }
    }
}
