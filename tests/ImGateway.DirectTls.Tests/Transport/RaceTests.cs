using System.IO.Pipelines;
using Microsoft.Extensions.Logging;

namespace ImGateway.DirectTls.Tests.Transport;

/// <summary>Cancellation, completion and the end of a connection at the same time, on several threads.</summary>
public sealed class RaceTests
{
    const int Rounds = 2_000;

    /// <summary>A read ends once, with data or with the cancellation, and no byte is lost or read twice.</summary>
    [Fact]
    public async Task Reads_that_are_cancelled_while_data_comes()
    {
        await using var host = new TransportHost();
        var (client, connection) = await host.ConnectTlsAsync();
        await using var writer = client;
        await using var server = connection;
        var writing = Task.Run(
            async () =>
            {
                for (var i = 0; i < Rounds; i++) await client.WriteAsync(new[] { (byte)i }, Cancellation);
            },
            Cancellation);
        int received = 0, cancelled = 0;

        while (received < Rounds)
        {
            using var cancellation = new CancellationTokenSource();
            var cancelling = Task.Run(() => received % 2 == 0 ? cancellation.CancelAsync() : Pending(server.Input), Cancellation);
            try
            {
                var read = await server.Input.ReadAsync(cancellation.Token).AsTask().WaitAsync(TransportHost.Patience, Cancellation);
                foreach (var segment in read.Buffer)
                {
                    foreach (var value in segment.Span) Assert.Equal((byte)received++, value);
                }

                server.Input.AdvanceTo(read.Buffer.End);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                cancelled++;
            }

            await cancelling;
            Assert.InRange(cancelled, 0, 100 * Rounds);
        }

        await writing;
        AssertNothingLogged(host);

        static Task Pending(PipeReader input)
        {
            input.CancelPendingRead();
            return Task.CompletedTask;
        }
    }

    /// <summary>A flush that is cancelled leaves its bytes to be sent: the client receives all, in order.</summary>
    [Fact]
    public async Task Flushes_that_are_cancelled_while_the_client_reads()
    {
        await using var host = new TransportHost();
        var (client, connection) = await host.ConnectTlsAsync();
        await using var reader = client;
        await using var server = connection;
        const int Length = 32 * 1024;
        var reading = Task.Run(
            async () =>
            {
                var buffer = new byte[Length];
                for (var i = 0; i < Rounds / 2; i++)
                {
                    await client.ReadExactlyAsync(buffer, Cancellation);
                    Assert.True(buffer.AsSpan().IndexOfAnyExcept((byte)i) < 0, $"round {i}");
                }
            },
            Cancellation);

        var chunk = new byte[Length];
        for (var i = 0; i < Rounds / 2; i++)
        {
            using var cancellation = new CancellationTokenSource();
            var cancelling = Task.Run(() => cancellation.Cancel(), Cancellation);
            Array.Fill(chunk, (byte)i);
            ValueTask<FlushResult> write;
            try
            {
                write = server.Output.WriteAsync(chunk, i % 2 == 0 ? cancellation.Token : Cancellation);
            }
            catch (OperationCanceledException)
            {
                // Cancelled before anything was sent.
                write = server.Output.WriteAsync(chunk, Cancellation);
            }

            try
            {
                await write.AsTask().WaitAsync(TransportHost.Patience, Cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                // While it waited: the rest is sent with the next one.
            }

            await cancelling;
        }

        while (server.Output.UnflushedBytes > 0) await server.Output.FlushAsync(Cancellation).AsTask().WaitAsync(TransportHost.Patience, Cancellation);
        await reading.WaitAsync(TransportHost.Patience, Cancellation);
        AssertNothingLogged(host);
    }

    [Fact]
    public async Task Handshakes_that_are_cancelled_or_closed_at_any_moment()
    {
        await using var host = new TransportHost();
        await Parallel.ForEachAsync(Enumerable.Range(0, 300), new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Cancellation }, async (i, cancellationToken) =>
        {
            var (socket, connection) = await host.ConnectAsync();
            using var client = socket;
            await using var server = connection;
            using var cancellation = new CancellationTokenSource();
            var handshake = Task.Run(
                async () =>
                {
                    await server.BeginTlsAsync(host.Server, host.Credential, cancellation.Token);
                    await server.FinishTlsAsync(cancellation.Token);
                },
                cancellationToken);
            var disturbing = Task.Run(
                async () =>
                {
                    if (i % 3 == 0) await cancellation.CancelAsync();
                    else if (i % 3 == 1) await server.DisposeAsync();
                    else client.Close(0);
                },
                cancellationToken);

            await disturbing;
            await Assert.ThrowsAnyAsync<Exception>(() => handshake.WaitAsync(TransportHost.Patience, cancellationToken));
            Assert.True(handshake.IsCompleted);
        });

        Assert.Equal(0, host.Loop.Connections);
        AssertNothingLogged(host);
        var (last, served) = await host.ConnectTlsAsync();
        await last.DisposeAsync();
        await served.DisposeAsync();
    }

    /// <summary>Descriptor numbers are reused at once: an event of the connection before must not reach the next one.</summary>
    [Fact]
    public async Task Connections_that_are_disposed_while_their_events_come()
    {
        await using var host = new TransportHost();
        await Parallel.ForEachAsync(Enumerable.Range(0, 600), new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Cancellation }, async (i, cancellationToken) =>
        {
            var (socket, connection) = await host.ConnectAsync();
            using var client = socket;
            await using var server = connection;
            var read = server.Transport.Input.ReadAsync(cancellationToken).AsTask();
            var disposing = Task.Run(async () => await server.DisposeAsync(), cancellationToken);
            await client.SendAsync(new byte[10], cancellationToken);
            if (i % 2 == 0) client.Close(0);

            var result = await read.WaitAsync(TransportHost.Patience, cancellationToken);
            await disposing;
            Assert.True(result.IsCompleted || result.Buffer.Length > 0);
        });

        Assert.Equal(0, host.Loop.Connections);
        AssertNothingLogged(host);
    }

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    static void AssertNothingLogged(TransportHost host) => Assert.DoesNotContain(host.LoopLog.Lines, line => line.Level >= LogLevel.Warning);
}
