namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>A rate limit of a CA: a number of events in a time window.</summary>
/// <param name="Name">The limit's name in the metric.</param>
sealed record IssuanceLimit(string Name, int Count, TimeSpan Window)
{
    /// <summary>The events that still count.</summary>
    public IReadOnlyList<DateTimeOffset> Counted(IReadOnlyList<DateTimeOffset> times, DateTimeOffset now) => [.. Known(times, now).Where(time => time > now - Window)];

    /// <summary>
    /// Those that may count, oldest first: so many as the limit allows, however old they seem, because a clock that is ahead for a while makes all
    /// of them seem old. What lies ahead was dated by such a clock: it counts as of now.
    /// </summary>
    public IReadOnlyList<DateTimeOffset> Known(IReadOnlyList<DateTimeOffset> times, DateTimeOffset now) =>
        [.. times.Select(time => time < now ? time : now).Order().TakeLast(Count)];

    /// <param name="kept">So many are left alone.</param>
    public (IssuanceLimit Limit, DateTimeOffset Until)? Obstacle(IReadOnlyList<DateTimeOffset> times, int kept, DateTimeOffset now)
    {
        var counted = Counted(times, now);
        var over = counted.Count - (Count - kept);
        return over < 0 ? null : (this, counted[over] + Window);
    }

    public override string ToString() => $"{Count} {Name.Replace('_', ' ')} in {Window}";
}
