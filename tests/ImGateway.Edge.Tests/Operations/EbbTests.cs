using ImGateway.Edge.Operations.Memory;

namespace ImGateway.Edge.Tests.Operations;

public sealed class EbbTests
{
    [Fact]
    public void The_end_of_a_burst_is_reported_once_after_a_while_of_calm() =>
        Assert.Equal([3 + Ebb.CalmLooks], LooksThatTell([10_000, 10_000, 4_000, .. Calm(0), .. Calm(0), .. Calm(0)]));

    [Fact]
    public void A_crowd_that_is_still_leaving_is_waited_for()
    {
        int[] leaving = [.. Enumerable.Range(1, 18).Select(i => 10_000 - i * 500)];

        Assert.Equal([leaving.Length + Ebb.CalmLooks], LooksThatTell([10_000, .. leaving, .. Calm(990), .. Calm(980)]));
    }

    [Fact]
    public void Fewer_than_half_leaving_is_no_ebb() => Assert.Empty(LooksThatTell([10_000, .. Calm(6_000), .. Calm(6_000)]));

    [Fact]
    public void A_few_hundred_are_no_burst() => Assert.Empty(LooksThatTell([Ebb.Crowd - 1, .. Calm(0), .. Calm(0)]));

    [Fact]
    public void The_next_crowd_counts_anew() => Assert.Equal(2, LooksThatTell([1_000, 0, .. Calm(0), 2_000, 0, .. Calm(0)]).Count());

    static IEnumerable<int> Calm(int open) => Enumerable.Repeat(open, Ebb.CalmLooks);

    /// <summary>Their numbers, from 0.</summary>
    static IEnumerable<int> LooksThatTell(int[] open)
    {
        var ebb = new Ebb();
        return [.. open.Index().Where(look => ebb.Look(look.Item)).Select(look => look.Index)];
    }
}
