using ImGateway.Edge.Proxying.Upstream;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Edge.Tests.Proxying;

public sealed class EventStreamDrainTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30), OneSecond = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Each_stream_ends_in_a_slot_of_its_own_and_one_that_is_opened_meanwhile_after_them()
    {
        const int count = 10;
        var (time, open) = (new FakeTimeProvider(), new OpenEventStreams());
        var streams = Enumerable.Range(0, count).Select(_ => new CancellationTokenSource()).ToList();
        using var ended = new SemaphoreSlim(0);
        foreach (var stream in streams) Open(stream);
        using var late = new CancellationTokenSource();
        using var over = new CancellationTokenSource();

        var drain = new EventStreamDrain(open, new Random(1), time).CloseAsync(count * OneSecond, over.Token);
        for (var second = 1; second <= count; second++)
        {
            time.Advance(OneSecond);
            Assert.True(await ended.WaitAsync(Patience, TestContext.Current.CancellationToken));
            Assert.Equal(second, streams.Count(stream => stream.IsCancellationRequested));
            if (second == 1) Open(late);
        }

        Assert.True(await ended.WaitAsync(Patience, TestContext.Current.CancellationToken));
        Assert.True(late.IsCancellationRequested);
        await over.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => drain);
        streams.ForEach(stream => stream.Dispose());

        void Open(CancellationTokenSource reading)
        {
            reading.Token.Register(() => ended.Release());
            open.Add(new OpenEventStream(reading));
        }
    }

    [Fact]
    public void A_stream_that_has_ended_by_itself_may_be_ended()
    {
        var reading = new CancellationTokenSource();
        var stream = new OpenEventStream(reading);
        reading.Dispose();

        stream.End();

        Assert.True(stream.IsEnded);
    }
}
