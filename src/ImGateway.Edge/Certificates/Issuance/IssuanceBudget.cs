using System.Text.Json;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>
/// Keeps this edge within a CA's limits, over restarts: <c>accounts/CA/limits.json</c>. An order is written down before it is sent, so that
/// a loop of crashes runs into this budget and not into the CA's.
/// </summary>
sealed class IssuanceBudget : IDisposable
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    readonly Turn _turn = new();
    readonly IStorage _storage;
    readonly string _key;
    readonly TimeProvider _time;
    readonly Action<IssuanceLimit, int>? _show;

    /// <param name="storage">Shared by all edges that order with the account.</param>
    /// <param name="key">Where the orders are written down.</param>
    /// <param name="time">What the windows of the limits are measured by.</param>
    /// <param name="show">Told what is left of each limit, for metrics.</param>
    public IssuanceBudget(IStorage storage, string key, TimeProvider time, Action<IssuanceLimit, int>? show = null) =>
        (_storage, _key, _time, _show) = (storage, key, time, show);

    /// <summary>Call before an order is sent; it then counts, until <see cref="NotIssuedAsync"/>.</summary>
    /// <param name="isExempt">It replaces a certificate at a CA that asked for it (RFC 9773 §5): limits do not apply.</param>
    /// <param name="mayTakeLast">The host has no valid certificate.</param>
    /// <exception cref="IssuanceException">A limit would be reached, or this cannot be written down.</exception>
    public Task BeginAsync(HostName host, bool isExempt, bool mayTakeLast, CancellationToken cancellationToken) => ChangeAsync(ledger =>
    {
        var now = _time.GetUtcNow();
        if (isExempt) return ledger;
        if (ledger.Obstacle(host.Value, mayTakeLast, now) is not { } obstacle) return ledger.Ordered(host.Value, now);
        throw new IssuanceException(
            $"not ordered: the CA allows {obstacle.Limit}, and {(mayTakeLast ? "all were used" : "the last is kept for an emergency")}; "
            + $"it is ordered after {obstacle.Until:u}")
        {
            RetryAfter = obstacle.Until - now,
        };
    }, cancellationToken);

    /// <summary>What <see cref="BeginAsync"/> counted has certainly brought no certificate.</summary>
    public Task NotIssuedAsync(HostName host, CancellationToken cancellationToken) => ChangeAsync(ledger => ledger.NotIssued(host.Value), cancellationToken);

    public Task AuthorizationFailedAsync(HostName host, CancellationToken cancellationToken) =>
        ChangeAsync(ledger => ledger.AuthorizationFailed(host.Value, _time.GetUtcNow()), cancellationToken);

    public async Task<IReadOnlyList<(IssuanceLimit Limit, int Left)>> RemainingAsync(CancellationToken cancellationToken) =>
        [.. (await ReadAsync(cancellationToken)).Ledger.Remaining(_time.GetUtcNow())];

    /// <summary>Also what time has given back since the last change.</summary>
    public async Task ShowAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var (limit, left) in await RemainingAsync(cancellationToken)) _show?.Invoke(limit, left);
        }
        catch (IssuanceException)
        {
            // The next order fails with the reason.
        }
    }

    public void Dispose() => _turn.Dispose();

    async Task ChangeAsync(Func<OrderLedger, OrderLedger> change, CancellationToken cancellationToken)
    {
        using (await _turn.TakeAsync(cancellationToken))
        {
            while (!await TryChangeAsync(change, cancellationToken))
            {
                // Another edge has ordered meanwhile: what it has written counts too.
            }
        }
    }

    async Task<bool> TryChangeAsync(Func<OrderLedger, OrderLedger> change, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var (ledger, version) = await ReadAsync(cancellationToken);
        // Written down also where nothing else changes: otherwise each process in turn would take it for made now.
        if (ledger.IsAheadOf(now)) return await TryWriteAsync(ledger.AsOf(now), version, cancellationToken) && await TryChangeAsync(change, cancellationToken);
        var changed = change(ledger.AsOf(now));
        if (!await TryWriteAsync(changed, version, cancellationToken)) return false;
        foreach (var (limit, left) in changed.Remaining(now)) _show?.Invoke(limit, left);
        return true;
    }

    /// <returns>False where another edge was faster.</returns>
    async Task<bool> TryWriteAsync(OrderLedger ledger, string version, CancellationToken cancellationToken)
    {
        try
        {
            await _storage.WriteAsync([new StorageChange(_key, JsonSerializer.SerializeToUtf8Bytes(ledger, Json), version)], lease: null, cancellationToken);
            return true;
        }
        catch (StorageConflictException)
        {
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IssuanceException($"{_storage.LocationOf(_key)}: cannot be written: {e.Message.TrimEnd('.')}; see to the space in DataDirectory and to its owner", e);
        }
    }

    /// <summary>Nothing where it is damaged: the CA's own limits still hold.</summary>
    async Task<(OrderLedger Ledger, string Version)> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _storage.ReadAsync(_key, cancellationToken) is { } value ? (Parse(value.Content), value.Version) : (OrderLedger.Empty, StoredValue.Absent);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Written anew it would forget what was ordered.
            throw new IssuanceException($"{_storage.LocationOf(_key)}: cannot be read: {e.Message.TrimEnd('.')}; see to DataDirectory and to its owner", e);
        }
    }

    static OrderLedger Parse(byte[] content)
    {
        try
        {
            return JsonSerializer.Deserialize<OrderLedger>(ByteOrderMark.Skip(content), Json) is
                { Orders: not null, Certificates: not null, FailedAuthorizations: not null } ledger ? ledger : OrderLedger.Empty;
        }
        catch (JsonException)
        {
            return OrderLedger.Empty;
        }
    }
}
