namespace ImGateway.Edge;

/// <summary>
/// What is done at intervals for as long as the process lives. A round that fails is reported and the next one comes: an exception that leaves
/// a <see cref="BackgroundService"/> stops the whole host, and inside a <c>Task.WhenAll</c> it would not be seen before the stop.
/// </summary>
static class Rounds
{
    /// <param name="round">One round.</param>
    /// <param name="failed">Reports what it threw.</param>
    public static async Task RunAsync(TimeSpan interval, TimeProvider time, Action round, Action<Exception> failed, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(interval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken)) Try(round, failed);
    }

    /// <summary>One round; for callbacks of timers, where an exception would end the process.</summary>
    public static void Try(Action round, Action<Exception> failed)
    {
        try
        {
            round();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            failed(e);
        }
    }
}
