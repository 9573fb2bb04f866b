namespace ImGateway.Testing;

/// <summary>Counts in sliding windows; a request that exceeds one gets the time to retry at.</summary>
sealed class CaLimiter(CaState state)
{
    readonly Dictionary<string, List<DateTimeOffset>> _events = [];

    public void RequireRoomForOrder(CaAccount account, IReadOnlyList<CaIdentifier> identifiers)
    {
        var limits = state.Options.RateLimits;
        Require(limits.OrdersPerAccount, AccountKey(account), "orders of this account");
        Require(limits.OrdersPerNameSet, NamesKey(identifiers), "orders of these very names");
        foreach (var identifier in identifiers)
        {
            Require(limits.FailedAuthorizationsPerName, FailureKey(account, identifier), $"failed authorizations of {identifier.Value}");
        }
    }

    public void CountOrder(CaAccount account, IReadOnlyList<CaIdentifier> identifiers)
    {
        Count(AccountKey(account));
        Count(NamesKey(identifiers));
    }

    public void CountFailure(CaAccount account, CaIdentifier identifier) => Count(FailureKey(account, identifier));

    void Require(CaRateLimit? limit, string key, string what)
    {
        if (limit is null || !_events.TryGetValue(key, out var times)) return;
        var now = state.Now;
        times.RemoveAll(time => time <= now - limit.Window);
        if (times.Count < limit.Count) return;
        state.Counters.LimitHits++;
        var wait = times[^limit.Count] + limit.Window - now;
        throw new CaProblemException("rateLimited", $"Too many {what}: {limit.Count} in {limit.Window}.", 429)
        {
            RetryAfter = ((long)Math.Ceiling(wait.TotalSeconds)).ToString(),
        };
    }

    void Count(string key)
    {
        if (!_events.TryGetValue(key, out var times)) _events[key] = times = [];
        times.Add(state.Now);
    }

    static string AccountKey(CaAccount account) => $"account {account.Id}";

    static string NamesKey(IReadOnlyList<CaIdentifier> identifiers) =>
        "names " + string.Join(',', identifiers.Select(identifier => identifier.Value).Order(StringComparer.Ordinal));

    static string FailureKey(CaAccount account, CaIdentifier identifier) => $"failed {account.Id} {identifier.Base}";
}
