using System.Net;
using CsCheck;
using ImGateway.Edge.Connections.Limits;

namespace ImGateway.Edge.Tests.Connections;

public sealed class FairQueueTests
{
    [Fact]
    public void What_one_client_has_put_in_by_the_hundred_does_not_stand_before_others()
    {
        var queue = new FairQueue<string>();
        for (var i = 0; i < 100; i++) queue.Add(Client(1), $"flood {i}");
        queue.Add(Client(2), "a");
        queue.Add(Client(3), "b");

        Assert.Equal(["flood 0", "a", "b", "flood 1", "flood 2"], Enumerable.Range(0, 5).Select(_ => queue.TakeNext()));
    }

    [Fact]
    public void Who_speaks_for_nobody_known_has_a_turn_each_time()
    {
        var queue = new FairQueue<string>();
        queue.Add(Client(1), "a 1");
        queue.Add(Client(1), "a 2");
        queue.Add(null, "x");
        queue.Add(null, "y");

        Assert.Equal(["a 1", "x", "y", "a 2", null], Enumerable.Range(0, 5).Select(_ => queue.TakeNext()));
    }

    [Fact]
    public void The_newest_of_the_client_with_most_makes_room()
    {
        var queue = new FairQueue<string>();
        queue.Add(Client(2), "b 1");
        for (var i = 1; i <= 3; i++) queue.Add(Client(1), $"a {i}");

        Assert.Equal("a 3", queue.Displace(Client(2)));
        Assert.Null(queue.Displace(Client(2)));
        Assert.Equal("a 2", queue.Displace(Client(3)));
        Assert.Null(queue.Displace(null));
        Assert.Equal(2, queue.Count);
        Assert.Equal(["b 1", "a 1", null], Enumerable.Range(0, 3).Select(_ => queue.TakeNext()));
    }

    [Fact]
    public void Among_clients_with_one_waiter_each_none_is_displaced()
    {
        var queue = new FairQueue<string>();
        Assert.Null(queue.Displace(null));
        for (var i = 0; i < 1000; i++) queue.Add(Client(i), $"{i}");

        Assert.Null(queue.Displace(Client(2000)));
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => $"{i}"), Enumerable.Range(0, 1000).Select(_ => queue.TakeNext()));
    }

    /// <summary>Against a model: of the clients that wait, the next is the one that was served longest ago.</summary>
    [Fact]
    public void Whatever_happens_clients_take_turns_and_nothing_is_lost() => Gen.Select(Gen.Int[0, 9], Gen.Int[-1, 3]).Array[0, 80].Sample(steps =>
    {
        var queue = new FairQueue<string>();
        List<(int? Client, List<(FairQueue<string>.Position Place, string Entry)> Entries)> model = [];
        foreach (var ((step, number), i) in steps.Select((step, i) => (step, i)))
        {
            int? client = number < 0 ? null : number;
            if (step < 5)
            {
                var position = queue.Add(client is { } known ? Client(known) : null, $"{i}");
                var own = client is null ? -1 : model.FindIndex(line => line.Client == client);
                if (own < 0) model.Add((client, [(position, $"{i}")]));
                else model[own].Entries.Add((position, $"{i}"));
            }
            else if (step < 8)
            {
                var next = model.Count == 0 ? null : model[0].Entries[0].Entry;
                Assert.Equal(next, queue.TakeNext());
                if (next is null) continue;
                var line = model[0];
                model.RemoveAt(0);
                line.Entries.RemoveAt(0);
                if (line.Entries.Count > 0) model.Add(line);
            }
            else if (model.Count > 0)
            {
                var line = model[i % model.Count];
                var entry = line.Entries[i % line.Entries.Count];
                Assert.True(queue.Remove(entry.Place));
                Assert.False(queue.Remove(entry.Place));
                line.Entries.Remove(entry);
                if (line.Entries.Count == 0) model.Remove(line);
            }

            Assert.Equal(model.Sum(line => line.Entries.Count), queue.Count);
        }
    });

    static ClientNetwork? Client(int number) => ClientNetwork.Of(new IPEndPoint(new IPAddress([10, 0, (byte)(number >> 8), (byte)number]), 1));
}
