namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>When a renewal that failed is tried again. Pure.</summary>
static class RetrySchedule
{
    static readonly TimeSpan[] Steps = [TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(100), TimeSpan.FromDays(1)];

    /// <summary>Of what is left of a life: several attempts fit into it, however short it is.</summary>
    const int AttemptsLeft = 8;

    static readonly TimeSpan Shortest = TimeSpan.FromSeconds(5);

    /// <summary>While clients are turned away, a day is long; more often would wear out the CA's limits.</summary>
    static readonly TimeSpan LongestWithout = TimeSpan.FromHours(6);

    /// <summary>The longest wait that the CA, or the budget of its limits, can ask for, with a tenth for chance.</summary>
    public static readonly TimeSpan Longest = OrderLedger.CertificatesLimit.Window * 1.1;

    /// <param name="failures">In a row, this one included.</param>
    /// <param name="notAfter">Of the certificate served; null where there is none.</param>
    /// <param name="retryAfter">The CA's own wish: never earlier than that.</param>
    /// <param name="chance">In [0, 1): a tenth earlier up to a tenth later, so that hosts that failed together part.</param>
    public static DateTimeOffset Next(int failures, DateTimeOffset? notAfter, TimeSpan? retryAfter, double chance, DateTimeOffset now)
    {
        var wait = Steps[Math.Clamp(failures, 1, Steps.Length) - 1] * (0.9 + chance / 5);
        var most = notAfter is { } end && end > now ? (end - now) / AttemptsLeft : LongestWithout;
        if (wait > most) wait = most > Shortest ? most : Shortest;
        var wish = (retryAfter ?? TimeSpan.Zero) * (1 + chance / 10);
        if (wish > wait) wait = wish;
        return now + (wait < Longest ? wait : Longest);
    }
}
