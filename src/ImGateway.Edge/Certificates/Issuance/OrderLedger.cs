namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>Recent orders at a CA, as its limits count them. Immutable; <see cref="IssuanceBudget"/> stores it.</summary>
/// <param name="Orders">Orders of the account.</param>
/// <param name="Certificates">Certificates that were or may have been issued, by set of names.</param>
/// <param name="FailedAuthorizations">Failed authorizations, by name.</param>
sealed record OrderLedger(
    IReadOnlyList<DateTimeOffset> Orders,
    IReadOnlyDictionary<string, IReadOnlyList<DateTimeOffset>> Certificates,
    IReadOnlyDictionary<string, IReadOnlyList<DateTimeOffset>> FailedAuthorizations)
{
    /// <summary>The limits of Let's Encrypt, which other CAs have copied. ACME cannot query limits.</summary>
    public static readonly IssuanceLimit OrdersLimit = new("orders", 300, TimeSpan.FromHours(3));

    public static readonly IssuanceLimit CertificatesLimit = new("certificates", 5, TimeSpan.FromDays(7));

    public static readonly IssuanceLimit FailedAuthorizationsLimit = new("failed_authorizations", 5, TimeSpan.FromHours(1));

    public static readonly OrderLedger Empty = new(
        [], new Dictionary<string, IReadOnlyList<DateTimeOffset>>(), new Dictionary<string, IReadOnlyList<DateTimeOffset>>());

    /// <summary>The limit that an order would exceed; null if it may be sent.</summary>
    /// <param name="mayTakeLast">Whether the host has no valid certificate. Other hosts keep one order in reserve.</param>
    public (IssuanceLimit Limit, DateTimeOffset Until)? Obstacle(string name, bool mayTakeLast, DateTimeOffset now)
    {
        var kept = mayTakeLast ? 0 : 1;
        return CertificatesLimit.Obstacle(Of(Certificates, name), kept, now)
            ?? FailedAuthorizationsLimit.Obstacle(Of(FailedAuthorizations, name), kept, now)
            ?? OrdersLimit.Obstacle(Orders, kept, now);
    }

    /// <summary>Records an order before it is sent: from then on the CA may issue, even if this process crashes.</summary>
    public OrderLedger Ordered(string name, DateTimeOffset now) =>
        this with { Orders = [.. Orders, now], Certificates = Add(Certificates, name, now) };

    /// <summary>Records that the last order has certainly not issued a certificate.</summary>
    public OrderLedger NotIssued(string name) => Of(Certificates, name) is { Count: > 0 } times
        ? this with { Certificates = new Dictionary<string, IReadOnlyList<DateTimeOffset>>(Certificates) { [name] = [.. times.SkipLast(1)] } }
        : this;

    public OrderLedger AuthorizationFailed(string name, DateTimeOffset now) =>
        this with { FailedAuthorizations = Add(FailedAuthorizations, name, now) };

    /// <summary>Whether events lie in the future, because the local clock was ahead.</summary>
    public bool IsAheadOf(DateTimeOffset now) =>
        Orders.Concat(Certificates.Values.SelectMany(times => times)).Concat(FailedAuthorizations.Values.SelectMany(times => times)).Any(time => time > now);

    /// <summary>Without events that no limit counts any more; events in the future are set to now.</summary>
    public OrderLedger AsOf(DateTimeOffset now) => new(
        OrdersLimit.Known(Orders, now), Known(Certificates, CertificatesLimit, now), Known(FailedAuthorizations, FailedAuthorizationsLimit, now));

    /// <summary>The remaining count of each limit; for a limit per name, that of the name with the least.</summary>
    public IEnumerable<(IssuanceLimit Limit, int Left)> Remaining(DateTimeOffset now)
    {
        yield return (OrdersLimit, Left(OrdersLimit, [Orders]));
        yield return (CertificatesLimit, Left(CertificatesLimit, Certificates.Values));
        yield return (FailedAuthorizationsLimit, Left(FailedAuthorizationsLimit, FailedAuthorizations.Values));

        int Left(IssuanceLimit limit, IEnumerable<IReadOnlyList<DateTimeOffset>> all) =>
            Math.Max(0, limit.Count - all.Select(times => limit.Counted(times, now).Count).DefaultIfEmpty().Max());
    }

    static IReadOnlyList<DateTimeOffset> Of(IReadOnlyDictionary<string, IReadOnlyList<DateTimeOffset>> all, string name) =>
        all.GetValueOrDefault(name) ?? [];

    static Dictionary<string, IReadOnlyList<DateTimeOffset>> Add(
        IReadOnlyDictionary<string, IReadOnlyList<DateTimeOffset>> all, string name, DateTimeOffset now) => new(all) { [name] = [.. Of(all, name), now] };

    static Dictionary<string, IReadOnlyList<DateTimeOffset>> Known(
        IReadOnlyDictionary<string, IReadOnlyList<DateTimeOffset>> all, IssuanceLimit limit, DateTimeOffset now) =>
        all.Where(entry => entry.Value.Count > 0).ToDictionary(entry => entry.Key, entry => limit.Known(entry.Value, now));
}

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

    public override string ToString() => $"{Count} {Name.Replace('_', ' ')} in {(Window.Days > 0 ? Of(Window.Days, "day") : Of(Window.Hours, "hour"))}";

    static string Of(int count, string unit) => count == 1 ? $"1 {unit}" : $"{count} {unit}s";
}
