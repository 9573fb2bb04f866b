namespace ImGateway.Edge.Certificates.Stapling;

/// <summary>The delay until the next fetch of a response. Pure except for the jitter.</summary>
sealed class OcspSchedule(Random random)
{
    static readonly TimeSpan FirstRetry = TimeSpan.FromMinutes(1);
    static readonly TimeSpan LastRetry = TimeSpan.FromHours(1);

    /// <summary>Bounds of the delay, whatever validity the responder states.</summary>
    static readonly TimeSpan Shortest = TimeSpan.FromSeconds(10);

    static readonly TimeSpan Longest = TimeSpan.FromDays(5);

    /// <summary>At half of the validity period. If a cache returned a response past its half, after half of the remaining time.</summary>
    public TimeSpan Refresh(OcspAnswer answer, DateTimeOffset now)
    {
        var half = answer.ThisUpdate + (answer.NextUpdate - answer.ThisUpdate) * Jittered(0.5);
        var wait = half > now ? half - now : (answer.NextUpdate - now) * Jittered(0.5);
        return wait < Shortest ? Shortest : wait > Longest ? Longest : wait;
    }

    /// <param name="failures">Consecutive failures, at least one.</param>
    public TimeSpan Retry(int failures)
    {
        var wait = FirstRetry * Math.Pow(2, Math.Min(failures - 1, 10));
        return (wait < LastRetry ? wait : LastRetry) * Jittered(1);
    }

    /// <summary>Jitter of a tenth, so that edges started together do not query in step.</summary>
    double Jittered(double factor) => factor * (0.9 + random.NextDouble() * 0.2);
}
