namespace ImGateway.Edge.WebSockets;

/// <summary>Spreads the closing of many sockets evenly over a time span, with jitter, so that clients do not reconnect in step.</summary>
static class DrainSchedule
{
    /// <summary>The interval for items opened during the drain: a few on connections that are still open, and by clients that had just connected.</summary>
    static readonly TimeSpan CheckAgain = TimeSpan.FromMilliseconds(500);

    /// <summary>Closes the open items over <paramref name="spread"/>, then items opened later, until cancelled.</summary>
    public static async Task CloseUntilCancelledAsync<T>(
        Func<IReadOnlyCollection<T>> open, Action<T> close, TimeSpan spread, Random random, TimeProvider time, CancellationToken cancellationToken)
    {
        await CloseAsync([.. open()], close, spread, random, time, cancellationToken);
        using var timer = new PeriodicTimer(CheckAgain, time);
        do
        {
            foreach (var one in open()) close(one);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <summary>
    /// Closes each item at its time, in random order, so that the order of connecting is not repeated. Returns at the end of the spread, so that
    /// later closings do not change its evenness.
    /// </summary>
    public static async Task CloseAsync<T>(T[] open, Action<T> close, TimeSpan spread, Random random, TimeProvider time, CancellationToken cancellationToken)
    {
        random.Shuffle(open);
        // Timers are coarser than the slots of many sockets, so all due items are closed together.
        var began = time.GetTimestamp();
        foreach (var (one, moment) in open.Zip(Times(open.Length, spread, random)))
        {
            if (moment - time.GetElapsedTime(began) is { Ticks: > 0 } rest) await Task.Delay(rest, time, cancellationToken);
            close(one);
        }

        if (spread - time.GetElapsedTime(began) is { Ticks: > 0 } end) await Task.Delay(end, time, cancellationToken);
    }

    /// <summary>
    /// Ascending times, one for each socket, all before <paramref name="spread"/>. Each is random within its own slot: times drawn from the whole
    /// spread would cluster, with deviations of the square root of the number per second.
    /// </summary>
    public static IEnumerable<TimeSpan> Times(int sockets, TimeSpan spread, Random random)
    {
        for (var slot = 0; slot < sockets; slot++) yield return spread * ((slot + random.NextDouble()) / sockets);
    }
}
