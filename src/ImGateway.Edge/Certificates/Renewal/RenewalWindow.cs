namespace ImGateway.Edge.Certificates.Renewal;

/// <summary>When a CA would like a certificate to be renewed (RFC 9773 §4.2).</summary>
/// <param name="Explanation">A page for people, where the CA gives one.</param>
/// <param name="RetryAfter">When it wants to be asked again.</param>
sealed record RenewalWindow(DateTimeOffset Start, DateTimeOffset End, Uri? Explanation, TimeSpan RetryAfter)
{
    /// <summary>A window may move at any time, so the CA is asked at least twice a day, whatever it says.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromHours(12);

    /// <summary>After an answer that did not come.</summary>
    static readonly TimeSpan RetryInterval = TimeSpan.FromHours(1);

    /// <summary>What is known once the CA has answered.</summary>
    /// <param name="chance">In [0, 1).</param>
    public RenewalState ApplyTo(RenewalState state, double chance, DateTimeOffset now)
    {
        var wait = RetryAfter < LongestWait ? RetryAfter : LongestWait;
        var asked = state with { CheckedAt = now, NextCheck = now + wait * (1 - chance / 10) };
        return Start == state.WindowStart && End == state.WindowEnd && state.ChosenInstant is not null
            ? asked
            : asked with { WindowStart = Start, WindowEnd = End, ChosenInstant = Start + (End - Start) * chance };
    }

    /// <summary>What is known once an answer did not come: what the CA said last still counts.</summary>
    /// <param name="chance">In [0, 1).</param>
    public static RenewalState Unanswered(RenewalState state, double chance, DateTimeOffset now) =>
        state with { CheckedAt = now, NextCheck = now + RetryInterval * (1 - chance / 10) };

    /// <summary>What is known once the CA has said that it makes no suggestions: age decides.</summary>
    public static RenewalState NotOffered(RenewalState state, DateTimeOffset now) =>
        state with { CheckedAt = now, NextCheck = now + LongestWait, WindowStart = null, WindowEnd = null, ChosenInstant = null };
}
