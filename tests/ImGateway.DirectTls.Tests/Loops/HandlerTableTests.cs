using CsCheck;
using ImGateway.DirectTls.Loops;
using ImGateway.DirectTls.Native;

namespace ImGateway.DirectTls.Tests.Loops;

public sealed class HandlerTableTests
{
    [Fact]
    public void An_event_fetched_before_the_removal_finds_no_handler_even_if_its_place_is_used_again()
    {
        var table = new HandlerTable();
        var first = table.Add(new Handler());
        var fetched = first.Data;

        table.Remove(first);
        var next = new Handler();
        var second = table.Add(next);

        Assert.Equal(first.Slot, second.Slot);
        Assert.Null(table.Find(Registration.Of(fetched)));
        Assert.Same(next, table.Find(second));
    }

    [Fact]
    public void A_second_removal_does_not_free_the_place_of_another_handler()
    {
        var table = new HandlerTable();
        var first = table.Add(new Handler());
        table.Remove(first);
        var next = new Handler();
        var second = table.Add(next);

        table.Remove(first);

        Assert.Same(next, table.Find(second));
        Assert.NotEqual(second.Slot, table.Add(new Handler()).Slot);
    }

    /// <summary>Any sequence of additions and removals: each registration finds its own handler until it is removed, and nothing after it.</summary>
    [Fact]
    public void A_registration_finds_its_own_handler_or_none() => Gen.Int[-1, 300].List[0, 1000].Sample(
        steps =>
        {
            var table = new HandlerTable();
            List<(Registration Registration, Handler Handler, bool IsRemoved)> all = [];
            foreach (var step in steps)
            {
                if (step < 0 || step >= all.Count)
                {
                    var handler = new Handler();
                    all.Add((table.Add(handler), handler, false));
                }
                else
                {
                    table.Remove(all[step].Registration);
                    all[step] = all[step] with { IsRemoved = true };
                }
            }

            Assert.DoesNotContain(all, entry => entry.Registration.IsNone || Registration.Of(entry.Registration.Data) != entry.Registration);
            Assert.All(all, entry => Assert.Same(entry.IsRemoved ? null : entry.Handler, table.Find(entry.Registration)));
            Assert.Equal(all.Count(entry => !entry.IsRemoved), table.Count);
        },
        iter: 200);

    sealed class Handler : IReadinessHandler
    {
        public void OnReady(Readiness events)
        {
        }
    }
}
