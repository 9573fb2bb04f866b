namespace ImGateway.Edge.Scheduling;

/// <summary>
/// Runs a task at intervals for the life of the process. A round that fails is reported and the next one runs: an exception that leaves
/// a <see cref="BackgroundService"/> stops the host, and inside <c>Task.WhenAll</c> it would remain unobserved until the stop.
/// </summary>
static class PeriodicTask
{
    /// <param name="round">One round.</param>
    /// <param name="failed">Reports its exception.</param>
    public static async Task RunAsync(TimeSpan interval, TimeProvider time, Action round, Action<Exception> failed, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(interval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken)) RunOnce(round, failed);
    }

    /// <summary>Runs one round; for timer callbacks, where an exception would end the process.</summary>
    public static void RunOnce(Action round, Action<Exception> failed)
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
