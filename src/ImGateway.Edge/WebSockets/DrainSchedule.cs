namespace ImGateway.Edge.WebSockets;

/// <summary>When each of many sockets is closed: evenly, so that clients who come back do so evenly, and by chance, so that nothing beats in time.</summary>
static class DrainSchedule
{
    /// <summary>
    /// Closes each at its moment, in no order that clients could be in, such as that of their coming. Returns when the spread is over, so that its
    /// evenness stays whatever is closed next.
    /// </summary>
    public static async Task CloseAsync<T>(T[] open, Action<T> close, TimeSpan spread, Random random, TimeProvider time, CancellationToken cancellationToken)
    {
        random.Shuffle(open);
        // Timers are coarser than the slots of many, so all that are due at once.
        var began = time.GetTimestamp();
        foreach (var (one, moment) in open.Zip(Moments(open.Length, spread, random)))
        {
            if (moment - time.GetElapsedTime(began) is { Ticks: > 0 } rest) await Task.Delay(rest, time, cancellationToken);
            close(one);
        }

        if (spread - time.GetElapsedTime(began) is { Ticks: > 0 } end) await Task.Delay(end, time, cancellationToken);
    }

    /// <summary>
    /// Ascending, one a socket, all before <paramref name="spread"/>. Each is anywhere in a slot of its own: moments drawn from the whole
    /// spread would bunch, by the square root of their number a second.
    /// </summary>
    public static IEnumerable<TimeSpan> Moments(int sockets, TimeSpan spread, Random random)
    {
        for (var slot = 0; slot < sockets; slot++) yield return spread * ((slot + random.NextDouble()) / sockets);
    }
}
