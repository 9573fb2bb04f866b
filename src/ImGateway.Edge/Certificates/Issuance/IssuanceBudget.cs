using System.Text.Json;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>
/// Keeps this edge within a CA's limits, over restarts: <c>accounts/CA/limits.json</c>. An order is written down before it is sent, so that
/// a loop of crashes runs into this budget and not into the CA's.
/// </summary>
sealed class IssuanceBudget
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    readonly Lock _lock = new();
    readonly string _path;
    readonly TimeProvider _time;
    readonly Action<IssuanceLimit, int>? _show;
    OrderLedger? _ledger;

    /// <param name="path">Of the file; its folder need not exist yet.</param>
    /// <param name="time">What the windows of the limits are measured by.</param>
    /// <param name="show">Told what is left of each limit, for metrics.</param>
    public IssuanceBudget(string path, TimeProvider time, Action<IssuanceLimit, int>? show = null) => (_path, _time, _show) = (path, time, show);

    /// <summary>Call before an order is sent; it then counts, until <see cref="NotIssued"/>.</summary>
    /// <param name="isExempt">It replaces a certificate at a CA that asked for it (RFC 9773 §5): limits do not apply.</param>
    /// <param name="mayTakeLast">The host has no valid certificate.</param>
    /// <exception cref="IssuanceException">A limit would be reached, or this cannot be written down.</exception>
    public void Begin(HostName host, bool isExempt, bool mayTakeLast) => Change(ledger =>
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
    });

    /// <summary>What <see cref="Begin"/> counted has certainly brought no certificate.</summary>
    public void NotIssued(HostName host) => Change(ledger => ledger.NotIssued(host.Value));

    public void AuthorizationFailed(HostName host) => Change(ledger => ledger.AuthorizationFailed(host.Value, _time.GetUtcNow()));

    public IReadOnlyList<(IssuanceLimit Limit, int Left)> Remaining()
    {
        lock (_lock) return [.. (_ledger ??= Read()).Remaining(_time.GetUtcNow())];
    }

    /// <summary>Also what time has given back since the last change.</summary>
    public void Show()
    {
        try
        {
            foreach (var (limit, left) in Remaining()) _show?.Invoke(limit, left);
        }
        catch (IssuanceException)
        {
            // Whoever orders next is given the reason.
        }
    }

    void Change(Func<OrderLedger, OrderLedger> change)
    {
        lock (_lock)
        {
            var now = _time.GetUtcNow();
            _ledger ??= Read();
            // Written down also where nothing else changes: otherwise each process in turn would take it for made now.
            if (_ledger.IsAheadOf(now)) Keep(_ledger.AsOf(now));
            Keep(change(_ledger.AsOf(now)));
            foreach (var (limit, left) in _ledger.Remaining(now)) _show?.Invoke(limit, left);
        }
    }

    void Keep(OrderLedger ledger)
    {
        try
        {
            DurableFile.CreatePrivateFolder(Path.GetDirectoryName(_path)!);
            DurableFile.Write(_path, JsonSerializer.SerializeToUtf8Bytes(ledger, Json));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IssuanceException($"{_path}: cannot be written: {e.Message.TrimEnd('.')}; see to the space in DataDirectory and to its owner", e);
        }

        _ledger = ledger;
    }

    /// <summary>Nothing where it is damaged: the CA's own limits still hold.</summary>
    OrderLedger Read()
    {
        try
        {
            return File.Exists(_path) && JsonSerializer.Deserialize<OrderLedger>(ByteOrderMark.Skip(File.ReadAllBytes(_path)), Json) is
                { Orders: not null, Certificates: not null, FailedAuthorizations: not null } ledger ? ledger : OrderLedger.Empty;
        }
        catch (JsonException)
        {
            return OrderLedger.Empty;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Written anew it would forget what was ordered.
            throw new IssuanceException($"{_path}: cannot be read: {e.Message.TrimEnd('.')}; see to DataDirectory and to its owner", e);
        }
    }
}
