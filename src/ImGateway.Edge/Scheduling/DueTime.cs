namespace ImGateway.Edge.Scheduling;

/// <summary>The due time of a schedule, stored as a wait, so that changes of the wall clock do not affect it. The default value is due.</summary>
readonly record struct DueTime
{
    /// <summary>The normal difference between the clocks of a machine.</summary>
    static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(1);

    readonly TimeSpan _elapsed;

    DueTime(TimeSpan elapsed) => _elapsed = elapsed;

    public static DueTime After(TimeSpan wait, ClockReading now) => new(now.Elapsed + wait);

    /// <summary>Converts a stored instant, written by an earlier process or before the clock was corrected.</summary>
    /// <param name="longest">
    /// The longest wait of the schedule. An instant further ahead was planned with a wrong clock and is due now.
    /// </param>
    public static DueTime At(DateTimeOffset instant, TimeSpan longest, ClockReading now)
    {
        var wait = instant - now.Wall;
        return wait < TimeSpan.Zero || wait > longest + Tolerance ? After(TimeSpan.Zero, now) : After(wait, now);
    }

    public bool IsDue(ClockReading now) => now.Elapsed >= _elapsed;

    /// <summary>The due time on the present wall clock.</summary>
    public DateTimeOffset ToWallClock(ClockReading now) => now.Wall + (_elapsed - now.Elapsed);
}
