namespace ImGateway.Edge.Certificates;

/// <summary>When something is due that a schedule has planned: after a wait, whatever becomes of the wall clock meanwhile. The default is due.</summary>
readonly record struct DueTime
{
    /// <summary>What the clocks of a machine may differ by without one of them being wrong.</summary>
    static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(1);

    readonly TimeSpan _elapsed;

    DueTime(TimeSpan elapsed) => _elapsed = elapsed;

    public static DueTime After(TimeSpan wait, Moment now) => new(now.Elapsed + wait);

    /// <summary>An instant that was written down, by a process that has ended or by a clock that has been corrected since.</summary>
    /// <param name="longest">
    /// The longest that its schedule waits. What lies further ahead was planned by a clock that was wrong, and is void: it is due now.
    /// </param>
    public static DueTime At(DateTimeOffset instant, TimeSpan longest, Moment now)
    {
        var wait = instant - now.Wall;
        return wait < TimeSpan.Zero || wait > longest + Tolerance ? After(TimeSpan.Zero, now) : After(wait, now);
    }

    public bool IsDue(Moment now) => now.Elapsed >= _elapsed;

    /// <summary>On the wall clock as it is now.</summary>
    public DateTimeOffset On(Moment now) => now.Wall + (_elapsed - now.Elapsed);
}
