namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>What was asked of a CA lately, by its limits. Immutable; <see cref="IssuanceBudget"/> keeps it on disk.</summary>
/// <param name="Orders">Of the account.</param>
/// <param name="Certificates">Issued, or perhaps issued, by set of names.</param>
/// <param name="FailedAuthorizations">By name.</param>
sealed record OrderLedger(
    IReadOnlyList<DateTimeOffset> Orders,
    IReadOnlyDictionary<string, IReadOnlyList<DateTimeOffset>> Certificates,
    IReadOnlyDictionary<string, IReadOnlyList<DateTimeOffset>> FailedAuthorizations)
{
    /// <summary>Let's Encrypt's, which others have copied; they cannot be asked for.</summary>
    public static readonly IssuanceLimit OrdersLimit = new("orders", 300, TimeSpan.FromHours(3));

    public static readonly IssuanceLimit CertificatesLimit = new("certificates", 5, TimeSpan.FromDays(7));

    public static readonly IssuanceLimit FailedAuthorizationsLimit = new("failed_authorizations", 5, TimeSpan.FromHours(1));

    public static readonly OrderLedger Empty = new(
        [], new Dictionary<string, IReadOnlyList<DateTimeOffset>>(), new Dictionary<string, IReadOnlyList<DateTimeOffset>>());

    /// <summary>The limit that keeps an order from being sent; null where it may be.</summary>
    /// <param name="mayTakeLast">For a host without any valid certificate; all others leave one for an emergency.</param>
    public (IssuanceLimit Limit, DateTimeOffset Until)? Obstacle(string name, bool mayTakeLast, DateTimeOffset now)
    {
        var kept = mayTakeLast ? 0 : 1;
        return CertificatesLimit.Obstacle(Of(Certificates, name), kept, now)
            ?? FailedAuthorizationsLimit.Obstacle(Of(FailedAuthorizations, name), kept, now)
            ?? OrdersLimit.Obstacle(Orders, kept, now);
    }

    /// <summary>An order is about to be sent: it may end in a certificate, even if nobody lives to see it.</summary>
    public OrderLedger Ordered(string name, DateTimeOffset now) =>
        this with { Orders = [.. Orders, now], Certificates = Add(Certificates, name, now) };

    /// <summary>The order sent last has certainly brought no certificate.</summary>
    public OrderLedger NotIssued(string name) => Of(Certificates, name) is { Count: > 0 } times
        ? this with { Certificates = new Dictionary<string, IReadOnlyList<DateTimeOffset>>(Certificates) { [name] = [.. times.SkipLast(1)] } }
        : this;

    public OrderLedger AuthorizationFailed(string name, DateTimeOffset now) =>
        this with { FailedAuthorizations = Add(FailedAuthorizations, name, now) };

    /// <summary>Whether a clock that was ahead has dated some of it.</summary>
    public bool IsAheadOf(DateTimeOffset now) =>
        Orders.Concat(Certificates.Values.SelectMany(times => times)).Concat(FailedAuthorizations.Values.SelectMany(times => times)).Any(time => time > now);

    /// <summary>Without what no limit asks for, and nothing of it later than now.</summary>
    public OrderLedger AsOf(DateTimeOffset now) => new(
        OrdersLimit.Known(Orders, now), Known(Certificates, CertificatesLimit, now), Known(FailedAuthorizations, FailedAuthorizationsLimit, now));

    /// <summary>Of each limit, for the name that is closest to it.</summary>
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
