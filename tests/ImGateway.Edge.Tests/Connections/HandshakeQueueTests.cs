using System.Net;
using CsCheck;
using ImGateway.Edge.Connections.Limits;

namespace ImGateway.Edge.Tests.Connections;

public sealed class HandshakeQueueTests
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Who_finds_no_place_waits_behind_those_who_came_before()
    {
        var queue = new HandshakeQueue(() => 1, 3);
        Assert.True(await queue.AcquireAsync(null, default));
        var waiting = Enumerable.Range(0, 3).Select(_ => queue.AcquireAsync(null, default).AsTask()).ToArray();
        Assert.False(await queue.AcquireAsync(null, default));

        foreach (var next in waiting)
        {
            Assert.False(next.IsCompleted);
            queue.Release();
            Assert.True(await next.WaitAsync(Limit));
        }

        queue.Release();
        Assert.Equal((0, 0), (queue.InProgress, queue.Waiting));
    }

    [Fact]
    public async Task A_client_with_many_lets_others_go_first()
    {
        var queue = new HandshakeQueue(() => 1, 10);
        Assert.True(await queue.AcquireAsync(null, default));
        var flood = Enumerable.Range(0, 3).Select(_ => queue.AcquireAsync(Client(1), default).AsTask()).ToArray();
        var other = queue.AcquireAsync(Client(2), default).AsTask();

        foreach (var next in new[] { flood[0], other, flood[1], flood[2] })
        {
            Assert.False(next.IsCompleted);
            queue.Release();
            Assert.True(await next.WaitAsync(Limit));
        }
    }

    [Fact]
    public async Task A_flood_that_fills_the_queue_makes_room_for_who_has_less()
    {
        var queue = new HandshakeQueue(() => 1, 3);
        Assert.True(await queue.AcquireAsync(null, default));
        var flood = Enumerable.Range(0, 3).Select(_ => queue.AcquireAsync(Client(1), default).AsTask()).ToArray();
        Assert.False(await queue.AcquireAsync(Client(1), default));
        var other = queue.AcquireAsync(Client(2), default).AsTask();

        Assert.False(await flood[2].WaitAsync(Limit));
        foreach (var next in new[] { flood[0], other, flood[1] })
        {
            queue.Release();
            Assert.True(await next.WaitAsync(Limit));
        }

        queue.Release();
        Assert.Equal((0, 0), (queue.InProgress, queue.Waiting));
    }

    [Fact]
    public async Task Who_gives_up_leaves_the_queue()
    {
        using var patience = new CancellationTokenSource();
        var queue = new HandshakeQueue(() => 1, 1);
        Assert.True(await queue.AcquireAsync(null, default));
        var waiting = queue.AcquireAsync(null, patience.Token).AsTask();
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Limit));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queue.AcquireAsync(null, patience.Token).AsTask().WaitAsync(Limit));
        Assert.Equal((1, 0), (queue.InProgress, queue.Waiting));
        queue.Release();
        Assert.True(await queue.AcquireAsync(null, default));
    }

    [Fact]
    public async Task More_places_serve_those_who_wait()
    {
        var places = 1;
        var queue = new HandshakeQueue(() => places, 10);
        Assert.True(await queue.AcquireAsync(null, default));
        var waiting = Enumerable.Range(0, 4).Select(_ => queue.AcquireAsync(null, default).AsTask()).ToArray();
        places = 4;
        queue.Release();

        await Task.WhenAll(waiting).WaitAsync(Limit);
        Assert.Equal((4, 0), (queue.InProgress, queue.Waiting));
        places = 2;
        queue.Release();
        queue.Release();
        Assert.False(queue.AcquireAsync(null, default).AsTask().IsCompleted);
    }

    /// <summary>Against a model: a list of who is inside, and one of who waits in which order.</summary>
    [Fact]
    public Task Whatever_happens_it_is_first_come_first_served() => Gen.Select(Gen.Int[1, 3], Gen.Int[0, 4], Gen.Int[0, 9].Array[0, 60]).SampleAsync(async (places, perPlace, steps) =>
    {
        var queue = new HandshakeQueue(() => places, perPlace);
        var inside = 0;
        List<(Task<bool> Task, CancellationTokenSource Patience)> waiting = [];
        foreach (var step in steps)
        {
            if (step < 5)
            {
                var patience = new CancellationTokenSource();
                var entering = queue.AcquireAsync(null, patience.Token).AsTask();
                if (inside < places) Assert.True(entering.IsCompletedSuccessfully && Result(entering));
                else if (waiting.Count >= places * perPlace) Assert.True(entering.IsCompletedSuccessfully && !Result(entering));
                else Assert.False(entering.IsCompleted);
                if (inside < places) inside++;
                else if (!entering.IsCompleted) waiting.Add((entering, patience));
            }
            else if (step < 8 && inside > 0)
            {
                queue.Release();
                if (waiting.Count == 0)
                {
                    inside--;
                }
                else
                {
                    Assert.True(await waiting[0].Task.WaitAsync(Limit));
                    waiting.RemoveAt(0);
                }
            }
            else if (waiting.Count > 0)
            {
                var (task, patience) = waiting[step % waiting.Count];
                await patience.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task.WaitAsync(Limit));
                waiting.RemoveAt(step % waiting.Count);
            }

            Assert.Equal((inside, waiting.Count), (queue.InProgress, queue.Waiting));
            Assert.All(waiting, waiter => Assert.False(waiter.Task.IsCompleted));
        }

        static bool Result(Task<bool> completed) => completed.GetAwaiter().GetResult();
    });

    [Fact]
    public async Task Under_contention_no_place_is_lost_and_none_is_given_twice()
    {
        var queue = new HandshakeQueue(() => 3, 1000);
        var (inside, most) = (0, 0);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 500; i++)
            {
                using var patience = new CancellationTokenSource();
                var entering = queue.AcquireAsync(worker % 3 == 0 ? null : Client((byte)(worker % 4)), patience.Token);
                if ((worker + i) % 5 == 0) await patience.CancelAsync();
                try
                {
                    if (!await entering) continue;
                }
                catch (OperationCanceledException)
                {
                    continue;
                }

                InterlockedMax(ref most, Interlocked.Increment(ref inside));
                await Task.Yield();
                Interlocked.Decrement(ref inside);
                queue.Release();
            }
        }))).WaitAsync(Limit, TestContext.Current.CancellationToken);

        Assert.Equal((0, 0), (queue.InProgress, queue.Waiting));
        Assert.InRange(most, 1, 3);

        static void InterlockedMax(ref int most, int value)
        {
            int seen;
            while (value > (seen = Volatile.Read(ref most)) && Interlocked.CompareExchange(ref most, value, seen) != seen)
            {
                // Another was quicker.
            }
        }
    }

    static ClientNetwork? Client(byte number) => ClientNetwork.Of(new IPEndPoint(new IPAddress([10, 0, 0, number]), 1));
}
