using ImGateway.Edge.Operations;

namespace ImGateway.Edge.Tests.Operations;

public sealed class MinimumThreadsTests
{
    [Fact]
    public void There_are_at_least_four_and_never_fewer_than_there_were()
    {
        ThreadPool.GetMinThreads(out var before, out var completions);

        MinimumThreads.Set();

        ThreadPool.GetMinThreads(out var workers, out var after);
        Assert.Equal((Math.Max(4, before), completions), (workers, after));
    }
}
