using ImGateway.Edge.Operations.Memory;

namespace ImGateway.Edge.Tests.Operations;

public sealed class BurstEndDetectorTests
{
    [Fact]
    public void The_end_of_a_burst_is_reported_once_after_a_while_of_calm() =>
        Assert.Equal([3 + BurstEndDetector.CalmChecks], Ends([10_000, 10_000, 4_000, .. Calm(0), .. Calm(0), .. Calm(0)]));

    [Fact]
    public void While_sockets_are_closing_a_burst_has_not_ended()
    {
        int[] leaving = [.. Enumerable.Range(1, 18).Select(i => 10_000 - i * 500)];

        Assert.Equal([leaving.Length + BurstEndDetector.CalmChecks], Ends([10_000, .. leaving, .. Calm(990), .. Calm(980)]));
    }

    [Fact]
    public void Fewer_than_half_closing_are_no_end() => Assert.Empty(Ends([10_000, .. Calm(6_000), .. Calm(6_000)]));

    [Fact]
    public void A_few_hundred_are_no_burst() => Assert.Empty(Ends([BurstEndDetector.Burst - 1, .. Calm(0), .. Calm(0)]));

    [Fact]
    public void The_next_burst_is_reported_too() => Assert.Equal(2, Ends([1_000, 0, .. Calm(0), 2_000, 0, .. Calm(0)]).Count());

    static IEnumerable<int> Calm(int open) => Enumerable.Repeat(open, BurstEndDetector.CalmChecks);

    /// <summary>The checks at which a burst had ended, from 0.</summary>
    static IEnumerable<int> Ends(int[] open)
    {
        var detector = new BurstEndDetector();
        return [.. open.Index().Where(check => detector.HasEnded(check.Item)).Select(check => check.Index)];
    }
}
