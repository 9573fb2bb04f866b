namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>A rate limit of a CA: a number of events in a time window.</summary>
/// <param name="Name">The limit's name in the metric.</param>
sealed record IssuanceLimit(string Name, int Count, TimeSpan Window)
{
    /// <summary>The events that still count.</summary>
    public IReadOnlyList<DateTimeOffset> Counted(IReadOnlyList<DateTimeOffset> times, DateTimeOffset now) => [.. Known(times, now).Where(time => time > now - Window)];

    /// <summary>
    /// The events that may count, oldest first: the last <see cref="Count"/>, however old they seem, because while the local clock is ahead all events
    /// seem old. An event in the future was recorded by such a clock, and counts as of now.
    /// </summary>
    public IReadOnlyList<DateTimeOffset> Known(IReadOnlyList<DateTimeOffset> times, DateTimeOffset now) =>
        [.. times.Select(time => time < now ? time : now).Order().TakeLast(Count)];

    /// <param name="kept">The number of events to keep in reserve.</param>
    public (IssuanceLimit Limit, DateTimeOffset Until)? Obstacle(IReadOnlyList<DateTimeOffset> times, int kept, DateTimeOffset now)
    {
        var counted = Counted(times, now);
        var over = counted.Count - (Count - kept);
        return over < 0 ? null : (this, counted[over] + Window);
    }

    public override string ToString() => $"{Count} {Name.Replace('_', ' ')} in {Window}";
}
