using ImGateway.Edge.Operations.Memory;

namespace ImGateway.Edge.Tests.Operations;

public sealed class SurplusTests
{
    const long Some = Surplus.Worth / 2, Much = Surplus.Worth;

    [Fact]
    public void A_fall_is_reported_once() => Assert.Equal([2], LooksThatTell([0, Much, 0, 0, 0]));

    [Fact]
    public void A_little_less_is_worth_nothing() => Assert.Empty(LooksThatTell([Much, Some + 1, Some + 1, Much, Some + 1]));

    [Fact]
    public void A_fall_in_small_steps_is_reported_each_time_that_it_has_become_enough() =>
        Assert.Equal([2, 4], LooksThatTell([2 * Much, Much + Some, Much, Some, 0]));

    [Fact]
    public void What_comes_and_goes_is_reported_each_time() => Assert.Equal([1, 3], LooksThatTell([Much, 0, Much, 0]));

    /// <summary>Their numbers, from 0.</summary>
    static IEnumerable<int> LooksThatTell(long[] inUse)
    {
        var surplus = new Surplus();
        return [.. inUse.Index().Where(look => surplus.Look(look.Item)).Select(look => look.Index)];
    }
}
