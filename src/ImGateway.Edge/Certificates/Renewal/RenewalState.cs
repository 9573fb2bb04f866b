using ImGateway.Edge.Certificates.Issuance;

namespace ImGateway.Edge.Certificates.Renewal;

/// <summary>
/// What has to outlive a restart so that a renewal comes when it was meant to: in <c>state.json</c>, also of a host that has no
/// certificate yet. It speaks of one certificate; another one begins with <see cref="For"/>.
/// </summary>
/// <param name="CertificateSha256">Of the leaf; null while there is none.</param>
sealed record RenewalState(string? CertificateSha256)
{
    /// <summary>The window that the CA last suggested (RFC 9773 §4.2).</summary>
    public DateTimeOffset? WindowStart { get; init; }

    public DateTimeOffset? WindowEnd { get; init; }

    /// <summary>The one instant chosen in that window: chosen anew after each restart, it would drift to the window's end.</summary>
    public DateTimeOffset? ChosenInstant { get; init; }

    /// <summary>When the CA is asked next; null = it was not asked yet.</summary>
    public DateTimeOffset? NextCheck { get; init; }

    /// <summary>When it was asked last: <see cref="NextCheck"/> is at most <see cref="RenewalWindow.LongestWait"/> later.</summary>
    public DateTimeOffset? CheckedAt { get; init; }

    /// <summary>Revoked, or to be: the next certificate gets a new key, whatever Certificates:ReuseKey says, and this one's is not kept.</summary>
    public bool Revoked { get; init; }

    /// <summary>Attempts that failed since the last success.</summary>
    public int Failures { get; init; }

    /// <summary>Not before this moment; null = whenever it is due.</summary>
    public DateTimeOffset? NextAttempt { get; init; }

    /// <summary>When the last attempt failed: <see cref="NextAttempt"/> is at most <see cref="RetrySchedule.Longest"/> later.</summary>
    public DateTimeOffset? AttemptedAt { get; init; }

    /// <summary>One clean line of bounded length.</summary>
    public string? LastError { get; init; }

    /// <summary>Of the last attempt, one of <see cref="RenewalReasons"/>.</summary>
    public string? Reason { get; init; }

    /// <summary>The configured profile that the certificate was ordered without, because the CA no longer had it; null where there is none.</summary>
    public string? WithoutProfile { get; init; }

    /// <summary>Whether the CA would like the renewal now: from the window's start up to, but not including, its end.</summary>
    public bool IsInWindow(DateTimeOffset now) => WindowStart <= now && now < WindowEnd;

    /// <summary>Nothing known yet but the certificate.</summary>
    public static RenewalState For(string? certificateSha256) => new(certificateSha256);
}
