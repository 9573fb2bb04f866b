using ImGateway.Edge.Operations.Memory;

namespace ImGateway.Edge.Tests.Operations;

public sealed class OvergrowthTests
{
    const long MiB = 1 << 20;
    const long Outgrown = 100 * MiB + 50 * MiB + Overgrowth.Slack + 1;

    readonly Overgrowth _growth = new();

    [Fact]
    public void A_heap_half_as_large_again_is_reported_when_no_collection_came_by_itself()
    {
        _growth.Look(100 * MiB, 1);

        Assert.Equal(Overgrowth.Patience, LooksUntilTold(Outgrown, collections: 1));
    }

    [Fact]
    public void A_heap_that_has_grown_less_is_left_alone()
    {
        _growth.Look(100 * MiB, 1);

        Assert.Null(LooksUntilTold(Outgrown - 1, collections: 1));
    }

    [Fact]
    public void A_collection_sets_anew_what_it_is_measured_by()
    {
        _growth.Look(100 * MiB, 1);
        _growth.Look(300 * MiB, 2);

        Assert.Null(LooksUntilTold(Outgrown, collections: 2));
    }

    [Fact]
    public void A_collection_that_came_by_itself_is_waited_for_again()
    {
        _growth.Look(100 * MiB, 1);
        for (var look = 1; look < Overgrowth.Patience; look++) Assert.False(_growth.Look(Outgrown, 1));
        _growth.Look(100 * MiB, 2);

        Assert.Equal(Overgrowth.Patience, LooksUntilTold(Outgrown, collections: 2));
    }

    int? LooksUntilTold(long heap, int collections)
    {
        for (var look = 1; look <= 1000; look++)
        {
            if (_growth.Look(heap, collections)) return look;
        }

        return null;
    }
}
