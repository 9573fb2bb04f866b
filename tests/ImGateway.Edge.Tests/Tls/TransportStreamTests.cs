using System.IO.Pipelines;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.SslStream;

namespace ImGateway.Edge.Tests.Tls;

public sealed class TransportStreamTests
{
    const int Read = 4096;

    static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_client_that_sends_without_pause_lets_others_have_their_turn()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        await pipe.Writer.WriteAsync(new byte[5 * Read]);

        // A thread that has ended may leave its number to the next one, so threads are compared.
        var turns = await OnThreadOfItsOwn(() => ThreadsOfAsync(new TransportStream(new Duplex(pipe.Reader, pipe.Writer), new HandshakeSlot(queue: null)), reads: 5));

        Assert.Single(turns[..4].Distinct());
        Assert.NotSame(turns[3], turns[4]);
    }

    [Fact]
    public async Task A_client_that_is_waited_for_has_a_whole_turn_again()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var stream = new TransportStream(new Duplex(pipe.Reader, pipe.Writer), new HandshakeSlot(queue: null));
        for (var i = 0; i < 8; i++)
        {
            var reading = stream.ReadAsync(new byte[Read]).AsTask();
            Assert.False(reading.IsCompleted);
            await pipe.Writer.WriteAsync(new byte[Read]);
            Assert.Equal(Read, await reading.WaitAsync(Limit));
        }

        await pipe.Writer.WriteAsync(new byte[3 * Read]);
        var turns = await OnThreadOfItsOwn(() => ThreadsOfAsync(stream, reads: 3));

        Assert.Single(turns.Distinct());
    }

    [Fact]
    public async Task A_client_that_is_answered_without_pause_does_so_too()
    {
        const int Writes = 40;
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var stream = new TransportStream(new Duplex(pipe.Reader, pipe.Writer), new HandshakeSlot(queue: null));
        var threads = await OnThreadOfItsOwn(async () =>
        {
            var threads = new Thread[Writes];
            for (var i = 0; i < Writes; i++)
            {
                await stream.WriteAsync(new byte[17]);
                threads[i] = Thread.CurrentThread;
            }

            return threads;
        });

        Assert.Single(threads[..32].Distinct());
        Assert.NotSame(threads[31], threads[32]);
    }

    static async Task<Thread[]> ThreadsOfAsync(TransportStream stream, int reads)
    {
        var threads = new Thread[reads];
        for (var i = 0; i < reads; i++)
        {
            Assert.Equal(Read, await stream.ReadAsync(new byte[Read]));
            threads[i] = Thread.CurrentThread;
        }

        return threads;
    }

    static Task<T> OnThreadOfItsOwn<T>(Func<Task<T>> run) =>
        Task.Factory.StartNew(run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap().WaitAsync(Limit);

    sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
