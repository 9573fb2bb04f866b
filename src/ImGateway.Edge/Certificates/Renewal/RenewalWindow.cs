namespace ImGateway.Edge.Certificates.Renewal;

/// <summary>The renewal window that a CA suggests (RFC 9773 §4.2).</summary>
/// <param name="Explanation">A page that explains the suggestion, if the CA has one.</param>
/// <param name="RetryAfter">How long to wait before the next fetch.</param>
sealed record RenewalWindow(DateTimeOffset Start, DateTimeOffset End, Uri? Explanation, TimeSpan RetryAfter)
{
    /// <summary>The window may change at any time, so it is fetched at least twice a day, even if the CA asks for less.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromHours(12);

    /// <summary>The interval after a failed fetch.</summary>
    static readonly TimeSpan RetryInterval = TimeSpan.FromHours(1);

    /// <summary>The state after a successful fetch.</summary>
    /// <param name="chance">A random number in [0, 1).</param>
    public RenewalState ApplyTo(RenewalState state, double chance, DateTimeOffset now)
    {
        var wait = RetryAfter < LongestWait ? RetryAfter : LongestWait;
        var asked = state with { CheckedAt = now, NextCheck = now + wait * (1 - chance / 10) };
        return Start == state.WindowStart && End == state.WindowEnd && state.ChosenInstant is not null
            ? asked
            : asked with { WindowStart = Start, WindowEnd = End, ChosenInstant = Start + (End - Start) * chance };
    }

    /// <summary>The state after a failed fetch: the last window still applies.</summary>
    /// <param name="chance">A random number in [0, 1).</param>
    public static RenewalState Unanswered(RenewalState state, double chance, DateTimeOffset now) =>
        state with { CheckedAt = now, NextCheck = now + RetryInterval * (1 - chance / 10) };

    /// <summary>The state if the CA suggests no window: the certificate's age decides.</summary>
    public static RenewalState NotOffered(RenewalState state, DateTimeOffset now) =>
        state with { CheckedAt = now, NextCheck = now + LongestWait, WindowStart = null, WindowEnd = null, ChosenInstant = null };
}
