using ImGateway.Edge.Operations.Memory;

namespace ImGateway.Edge.Tests.Operations;

public sealed class FreedMemoryDetectorTests
{
    const long Some = FreedMemoryDetector.MinBytes / 2, Much = FreedMemoryDetector.MinBytes;

    [Fact]
    public void A_fall_is_reported_once() => Assert.Equal([2], Falls([0, Much, 0, 0, 0]));

    [Fact]
    public void A_small_fall_is_not_reported() => Assert.Empty(Falls([Much, Some + 1, Some + 1, Much, Some + 1]));

    [Fact]
    public void A_fall_in_small_steps_is_reported_each_time_that_it_has_become_enough() =>
        Assert.Equal([2, 4], Falls([2 * Much, Much + Some, Much, Some, 0]));

    [Fact]
    public void Each_of_several_falls_is_reported() => Assert.Equal([1, 3], Falls([Much, 0, Much, 0]));

    /// <summary>The checks at which a fall was reported, from 0.</summary>
    static IEnumerable<int> Falls(long[] inUse)
    {
        var detector = new FreedMemoryDetector();
        return [.. inUse.Index().Where(check => detector.HasFallen(check.Item)).Select(check => check.Index)];
    }
}
