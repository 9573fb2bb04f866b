namespace ImGateway.Edge.Certificates.Stapling;

/// <summary>How long to wait before a response is fetched next. Pure but for the dice.</summary>
sealed class OcspSchedule(Random random)
{
    static readonly TimeSpan FirstRetry = TimeSpan.FromMinutes(1);
    static readonly TimeSpan LastRetry = TimeSpan.FromHours(1);

    /// <summary>Whatever a responder says about its responses, it is neither asked all the time nor forgotten.</summary>
    static readonly TimeSpan Shortest = TimeSpan.FromSeconds(10);

    static readonly TimeSpan Longest = TimeSpan.FromDays(5);

    /// <summary>At half life. Caches hand out responses that are past it: then after half of what is left.</summary>
    public TimeSpan Refresh(OcspAnswer answer, DateTimeOffset now)
    {
        var half = answer.ThisUpdate + (answer.NextUpdate - answer.ThisUpdate) * Jittered(0.5);
        var wait = half > now ? half - now : (answer.NextUpdate - now) * Jittered(0.5);
        return wait < Shortest ? Shortest : wait > Longest ? Longest : wait;
    }

    /// <param name="failures">In a row, at least one.</param>
    public TimeSpan Retry(int failures)
    {
        var wait = FirstRetry * Math.Pow(2, Math.Min(failures - 1, 10));
        return (wait < LastRetry ? wait : LastRetry) * Jittered(1);
    }

    /// <summary>A tenth more or less: edges that were started together do not ask together.</summary>
    double Jittered(double factor) => factor * (0.9 + random.NextDouble() * 0.2);
}
