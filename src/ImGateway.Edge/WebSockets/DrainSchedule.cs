namespace ImGateway.Edge.WebSockets;

/// <summary>When each of many sockets is closed: evenly, so that clients who come back do so evenly, and by chance, so that nothing beats in time.</summary>
static class DrainSchedule
{
    /// <summary>
    /// Ascending, one a socket, all before <paramref name="spread"/>. Each is anywhere in a slot of its own: moments drawn from the whole
    /// spread would bunch, by the square root of their number a second.
    /// </summary>
    public static IEnumerable<TimeSpan> Moments(int sockets, TimeSpan spread, Random random)
    {
        for (var slot = 0; slot < sockets; slot++) yield return spread * ((slot + random.NextDouble()) / sockets);
    }
}
