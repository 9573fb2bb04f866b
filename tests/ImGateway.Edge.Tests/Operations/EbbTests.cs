using ImGateway.Edge.Operations;

namespace ImGateway.Edge.Tests.Operations;

public sealed class EbbTests
{
    [Fact]
    public void A_crowd_that_has_gone_is_told_once_when_it_has_calmed_down() =>
        Assert.Equal([false, false, false, false, true, false, false], Looks(10_000, 10_000, 4_000, 100, 0, 0, 0));

    [Fact]
    public void A_crowd_that_is_still_leaving_is_waited_for() => Assert.Equal([false, false, false, true], Looks(10_000, 4_000, 1_000, 990));

    [Fact]
    public void Fewer_than_half_leaving_is_no_ebb() => Assert.DoesNotContain(true, Looks(10_000, 6_000, 6_000, 6_000));

    [Fact]
    public void A_few_hundred_are_no_crowd() => Assert.DoesNotContain(true, Looks(499, 0, 0, 0));

    [Fact]
    public void The_next_crowd_counts_anew() => Assert.Equal([false, false, true, false, false, true], Looks(1_000, 0, 0, 2_000, 0, 0));

    static IEnumerable<bool> Looks(params int[] open)
    {
        var ebb = new Ebb();
        return [.. open.Select(ebb.Look)];
    }
}
