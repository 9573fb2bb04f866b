namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>When to retry a failed renewal. Pure.</summary>
static class RetrySchedule
{
    static readonly TimeSpan[] Steps = [TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(100), TimeSpan.FromDays(1)];

    /// <summary>The least number of attempts in the remaining lifetime, however short it is.</summary>
    const int AttemptsLeft = 8;

    static readonly TimeSpan Shortest = TimeSpan.FromSeconds(5);

    /// <summary>The longest wait for a host without a valid certificate. More attempts would exhaust the CA's limits.</summary>
    static readonly TimeSpan LongestWithout = TimeSpan.FromHours(6);

    /// <summary>The longest wait that a CA or the budget can impose, plus a tenth of jitter.</summary>
    public static readonly TimeSpan Longest = OrderLedger.CertificatesLimit.Window * 1.1;

    /// <param name="failures">Consecutive failures, including this one.</param>
    /// <param name="notAfter">The expiry of the served certificate; null if there is none.</param>
    /// <param name="retryAfter">The CA's Retry-After, a lower bound.</param>
    /// <param name="random">A random number in [0, 1), for a jitter of ±10 %, so that hosts that failed together do not retry in step.</param>
    public static DateTimeOffset Next(int failures, DateTimeOffset? notAfter, TimeSpan? retryAfter, double random, DateTimeOffset now)
    {
        var wait = Steps[Math.Clamp(failures, 1, Steps.Length) - 1] * (0.9 + random / 5);
        var most = notAfter is { } end && end > now ? (end - now) / AttemptsLeft : LongestWithout;
        if (wait > most) wait = most > Shortest ? most : Shortest;
        var requested = (retryAfter ?? TimeSpan.Zero) * (1 + random / 10);
        if (requested > wait) wait = requested;
        return now + (wait < Longest ? wait : Longest);
    }
}
