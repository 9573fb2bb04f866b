using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Runtime.InteropServices;

namespace ImGateway.DirectTls.Tests.Transport;

/// <summary>The buffer of a writer goes back to the array pool at the end of its connection, which .NET's own events of the pool report.</summary>
public sealed class ReturnedMemoryTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_client_has_not_read_is_given_back_when_the_connection_is_closed()
    {
        using var pool = new PoolListener();
        await using var host = new TransportHost();
        var (client, server) = await host.ConnectTlsAsync();
        await using var reader = client;
        // More than the buffers of the kernel hold, however they grow.
        var flush = server.Output.WriteAsync(new byte[32 * 1024 * 1024], Cancellation).AsTask();
        server.Output.CancelPendingFlush();
        await flush.WaitAsync(TransportHost.Patience, Cancellation);
        var buffer = BufferOf(server.Output.GetMemory(1));
        server.Output.CancelPendingFlush();
        await server.Output.FlushAsync(Cancellation);
        Assert.False(pool.HasReturned(buffer));

        await server.DisposeAsync();

        Assert.True(pool.HasReturned(buffer));
    }

    /// <summary>A writer that fills memory while the connection is closed gives it back when it completes.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_writer_fills_at_the_end_is_given_back_when_it_completes(bool fails)
    {
        using var pool = new PoolListener();
        await using var host = new TransportHost();
        var (client, server) = await host.ConnectTlsAsync();
        await using var reader = client;
        var output = server.Output;
        var buffer = BufferOf(output.GetMemory(1));

        await server.DisposeAsync();
        Assert.False(pool.HasReturned(buffer));
        await output.CompleteAsync(fails ? new InvalidOperationException("the response was not finished") : null);

        Assert.True(pool.HasReturned(buffer));
    }

    /// <summary>Kestrel completes the output of a request that fails with its exception, and closes the connection afterwards.</summary>
    [Fact]
    public async Task What_was_written_and_not_flushed_is_given_back_when_the_writer_completes_with_an_exception()
    {
        using var pool = new PoolListener();
        await using var host = new TransportHost();
        var (client, server) = await host.ConnectTlsAsync();
        await using var reader = client;
        var buffer = BufferOf(server.Output.GetMemory(1));
        server.Output.Advance(1);

        await server.Output.CompleteAsync(new InvalidOperationException("the response was not finished"));
        await server.DisposeAsync();

        Assert.True(pool.HasReturned(buffer));
    }

    static byte[] BufferOf(Memory<byte> memory)
    {
        Assert.True(MemoryMarshal.TryGetArray<byte>(memory, out var segment));
        return segment.Array!;
    }

    /// <summary>The pool names an array by its hash code.</summary>
    sealed class PoolListener : EventListener
    {
        readonly ConcurrentDictionary<int, bool> _returned = new();

        public bool HasReturned(byte[] buffer) => _returned.ContainsKey(buffer.GetHashCode());

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "System.Buffers.ArrayPoolEventSource") EnableEvents(eventSource, EventLevel.Verbose);
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData.EventName == "BufferReturned") _returned[(int)eventData.Payload![0]!] = true;
            if (eventData.EventName == "BufferRented") _returned.TryRemove((int)eventData.Payload![0]!, out _);
        }
    }
}
