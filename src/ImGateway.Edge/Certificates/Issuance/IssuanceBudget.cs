using System.Text.Json;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>
/// Keeps orders within a CA's limits, over restarts: <c>accounts/CA/limits.json</c>. An order is recorded before it is sent, so that
/// a crash loop exhausts this budget and not the CA's limits.
/// </summary>
/// <param name="storage">Shared by all edges that order with the account.</param>
/// <param name="key">The storage key of the record.</param>
/// <param name="time">The clock of the limits' windows.</param>
/// <param name="report">Receives what is left of each limit, for metrics.</param>
sealed class IssuanceBudget(IStorage storage, string key, TimeProvider time, Action<IssuanceLimit, int> report) : IDisposable
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    readonly AsyncLock _lock = new();

    /// <summary>Records an order before it is sent; it counts until <see cref="NotIssuedAsync"/>.</summary>
    /// <param name="isExempt">Whether the CA exempts the order from its limits, as a renewal within the suggested window (RFC 9773 §5).</param>
    /// <param name="mayTakeLast">Whether the last order of a limit may be used, because the host has no valid certificate.</param>
    /// <exception cref="IssuanceException">A limit would be exceeded, or the order could not be recorded.</exception>
    public Task BeginAsync(HostName host, bool isExempt, bool mayTakeLast, CancellationToken cancellationToken) => ChangeAsync(ledger =>
    {
        var now = time.GetUtcNow();
        if (isExempt) return ledger;
        if (ledger.Obstacle(host.Value, mayTakeLast, now) is not { } obstacle) return ledger.Ordered(host.Value, now);
        throw new IssuanceException(
            $"not ordered: the CA allows {obstacle.Limit}, and {(mayTakeLast ? "all were used" : "the last is kept for an emergency")}; "
            + $"it is ordered after {obstacle.Until:u}")
        {
            RetryAfter = obstacle.Until - now,
        };
    }, cancellationToken);

    /// <summary>Removes an order counted by <see cref="BeginAsync"/> that has certainly issued no certificate.</summary>
    public Task NotIssuedAsync(HostName host, CancellationToken cancellationToken) => ChangeAsync(ledger => ledger.NotIssued(host.Value), cancellationToken);

    public Task AuthorizationFailedAsync(HostName host, CancellationToken cancellationToken) =>
        ChangeAsync(ledger => ledger.AuthorizationFailed(host.Value, time.GetUtcNow()), cancellationToken);

    public async Task<IReadOnlyList<(IssuanceLimit Limit, int Left)>> RemainingAsync(CancellationToken cancellationToken) =>
        [.. (await ReadAsync(cancellationToken)).Ledger.Remaining(time.GetUtcNow())];

    /// <summary>Updates the metrics, including what has expired since the last change.</summary>
    public async Task RefreshMetricsAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var (limit, left) in await RemainingAsync(cancellationToken)) report(limit, left);
        }
        catch (IssuanceException)
        {
            // The next order will fail with the reason.
        }
    }

    public void Dispose() => _lock.Dispose();

    async Task ChangeAsync(Func<OrderLedger, OrderLedger> change, CancellationToken cancellationToken)
    {
        using (await _lock.AcquireAsync(cancellationToken))
        {
            while (!await TryChangeAsync(change, cancellationToken))
            {
                // Another edge has recorded an order meanwhile: read again.
            }
        }
    }

    async Task<bool> TryChangeAsync(Func<OrderLedger, OrderLedger> change, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var (ledger, version) = await ReadAsync(cancellationToken);
        // Stored even if nothing else changes: otherwise each process would count these orders as placed now.
        if (ledger.IsAheadOf(now)) return await TryWriteAsync(ledger.AsOf(now), version, cancellationToken) && await TryChangeAsync(change, cancellationToken);
        var current = ledger.AsOf(now);
        var changed = change(current);
        // An exempt order changes nothing.
        if (!ReferenceEquals(changed, current) && !await TryWriteAsync(changed, version, cancellationToken)) return false;
        foreach (var (limit, left) in changed.Remaining(now)) report(limit, left);
        return true;
    }

    /// <returns>False if another edge has changed the record.</returns>
    async Task<bool> TryWriteAsync(OrderLedger ledger, string version, CancellationToken cancellationToken)
    {
        try
        {
            await storage.WriteAsync([new StorageChange(key, JsonSerializer.SerializeToUtf8Bytes(ledger, Json), version)], lease: null, cancellationToken);
            return true;
        }
        catch (StorageConflictException)
        {
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IssuanceException($"{storage.LocationOf(key)}: cannot be written: {e.Message.TrimEnd('.')}; see to the space in DataDirectory and to its owner", e);
        }
    }

    /// <summary>Empty if the record is damaged: the CA's own limits still apply.</summary>
    async Task<(OrderLedger Ledger, string Version)> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await storage.ReadAsync(key, cancellationToken) is { } value ? (Parse(value.Content), value.Version) : (OrderLedger.Empty, StoredValue.Absent);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Writing a new record would lose the recorded orders.
            throw new IssuanceException($"{storage.LocationOf(key)}: cannot be read: {e.Message.TrimEnd('.')}; see to DataDirectory and to its owner", e);
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
