namespace ImGateway.Edge.Operations;

/// <summary>The runtime's thread pool.</summary>
static class MinimumThreads
{
    const int Few = 4;

    /// <summary>
    /// Makes at least four threads available at once, instead of one for each processor: on a small machine one or two flooded connections would otherwise
    /// occupy all of them, and .NET takes half a second to add a thread.
    /// </summary>
    public static void Set()
    {
        ThreadPool.GetMinThreads(out var workers, out var completions);
        ThreadPool.SetMinThreads(Math.Max(workers, Few), completions);
    }
}
