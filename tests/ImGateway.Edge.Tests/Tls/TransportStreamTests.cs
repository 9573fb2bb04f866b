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
        var client = new ThreadRecorder();
        var input = PipeReader.Create(client, new StreamPipeReaderOptions(bufferSize: Read));

        await OnThreadOfItsOwn(() => ThreadsOfAsync(new TransportStream(new Duplex(input, new Pipe().Writer), new HandshakeSlot(queue: null)), reads: 5));

        // A thread that has ended may leave its number to the next one, so threads are compared.
        Assert.Single(client.Threads[..4].Distinct());
        Assert.NotSame(client.Threads[3], client.Threads[4]);
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
        var client = new ThreadRecorder();
        var stream = new TransportStream(new Duplex(new Pipe().Reader, PipeWriter.Create(client)), new HandshakeSlot(queue: null));
        await OnThreadOfItsOwn(async () =>
        {
            for (var i = 0; i < Writes; i++) await stream.WriteAsync(new byte[17]);
            return true;
        });

        Assert.Single(client.Threads[..32].Distinct());
        Assert.NotSame(client.Threads[31], client.Threads[32]);
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

    /// <summary>A client that always sends and always reads. Remembers which threads read and write: who awaits them may continue on another one.</summary>
    sealed class ThreadRecorder : MemoryStream
    {
        public List<Thread> Threads { get; } = [];

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Threads.Add(Thread.CurrentThread);
            return default;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Threads.Add(Thread.CurrentThread);
            return new(Math.Min(buffer.Length, TransportStreamTests.Read));
        }
    }

    sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
