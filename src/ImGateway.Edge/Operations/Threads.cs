namespace ImGateway.Edge.Operations;

/// <summary>The runtime's thread pool.</summary>
static class Threads
{
    const int Few = 4;

    /// <summary>
    /// No fewer than four are ready at once, in place of one for each processor: on a small machine one or two connections that are flooded would else be all
    /// that is served, and .NET takes half a second to add a thread.
    /// </summary>
    public static void AtLeastAFew()
    {
        ThreadPool.GetMinThreads(out var workers, out var completions);
        ThreadPool.SetMinThreads(Math.Max(workers, Few), completions);
    }
}
