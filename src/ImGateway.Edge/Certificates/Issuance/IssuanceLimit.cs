namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>So many in so long.</summary>
/// <param name="Name">As the metric says it.</param>
sealed record IssuanceLimit(string Name, int Count, TimeSpan Window)
{
    /// <summary>Those that still count. A clock that was put back makes some lie ahead: they count until they could not any more.</summary>
    public IReadOnlyList<DateTimeOffset> Counted(IReadOnlyList<DateTimeOffset> times, DateTimeOffset now) =>
        [.. times.Where(time => time > now - Window && time < now + Window)];

    /// <param name="kept">So many are left alone.</param>
    public (IssuanceLimit Limit, DateTimeOffset Until)? Obstacle(IReadOnlyList<DateTimeOffset> times, int kept, DateTimeOffset now)
    {
        var counted = Counted(times, now).Order().ToList();
        var over = counted.Count - (Count - kept);
        return over < 0 ? null : (this, counted[over] + Window);
    }

    public override string ToString() => $"{Count} {Name.Replace('_', ' ')} in {Window}";
}
