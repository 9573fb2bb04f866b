using ImGateway.Edge.Certificates.Issuance;

namespace ImGateway.Edge.Certificates.Renewal;

/// <summary>
/// The state of a certificate's renewal, stored in <c>state.json</c> so that the schedule survives a restart; also for a host that has no
/// certificate yet. A new certificate begins with <see cref="For"/>.
/// </summary>
/// <param name="CertificateSha256">SHA-256 of the certificate; null if there is none yet.</param>
sealed record RenewalState(string? CertificateSha256)
{
    /// <summary>The window that the CA last suggested (RFC 9773 §4.2).</summary>
    public DateTimeOffset? WindowStart { get; init; }

    public DateTimeOffset? WindowEnd { get; init; }

    /// <summary>The random time chosen in that window. Stored, because choosing again at each restart would move it towards the window's end.</summary>
    public DateTimeOffset? ChosenInstant { get; init; }

    /// <summary>When to fetch the window next; null if it was never fetched.</summary>
    public DateTimeOffset? NextCheck { get; init; }

    /// <summary>When the window was last fetched: <see cref="NextCheck"/> is at most <see cref="RenewalWindow.LongestWait"/> later.</summary>
    public DateTimeOffset? CheckedAt { get; init; }

    /// <summary>The certificate is revoked or about to be: the next one gets a new key, overriding Certificates:ReuseKey, and this one's key is not kept.</summary>
    public bool Revoked { get; init; }

    /// <summary>Failed attempts since the last success.</summary>
    public int Failures { get; init; }

    /// <summary>The earliest time of the next attempt; null: when the renewal is due.</summary>
    public DateTimeOffset? NextAttempt { get; init; }

    /// <summary>When the last attempt failed: <see cref="NextAttempt"/> is at most <see cref="RetrySchedule.Longest"/> later.</summary>
    public DateTimeOffset? AttemptedAt { get; init; }

    /// <summary>One sanitized line of bounded length.</summary>
    public string? LastError { get; init; }

    /// <summary>The reason of the last attempt, one of <see cref="RenewalReasons"/>.</summary>
    public string? Reason { get; init; }

    /// <summary>The configured profile that was omitted from the order because the CA no longer had it; null if none was.</summary>
    public string? WithoutProfile { get; init; }

    /// <summary>Whether the time is within the window: from its start up to, but not including, its end.</summary>
    public bool IsInWindow(DateTimeOffset now) => WindowStart <= now && now < WindowEnd;

    public static RenewalState For(string? certificateSha256) => new(certificateSha256);
}

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
    /// <param name="random">A random number in [0, 1).</param>
    public RenewalState ApplyTo(RenewalState state, double random, DateTimeOffset now)
    {
        var wait = RetryAfter < LongestWait ? RetryAfter : LongestWait;
        var asked = state with { CheckedAt = now, NextCheck = now + wait * (1 - random / 10) };
        return Start == state.WindowStart && End == state.WindowEnd && state.ChosenInstant is not null
            ? asked
            : asked with { WindowStart = Start, WindowEnd = End, ChosenInstant = Start + (End - Start) * random };
    }

    /// <summary>The state after a failed fetch: the last window still applies.</summary>
    /// <param name="random">A random number in [0, 1).</param>
    public static RenewalState Unanswered(RenewalState state, double random, DateTimeOffset now) =>
        state with { CheckedAt = now, NextCheck = now + RetryInterval * (1 - random / 10) };

    /// <summary>The state if the CA suggests no window: the certificate's age decides.</summary>
    public static RenewalState NotOffered(RenewalState state, DateTimeOffset now) =>
        state with { CheckedAt = now, NextCheck = now + LongestWait, WindowStart = null, WindowEnd = null, ChosenInstant = null };
}
