namespace ImGateway.Edge.Proxying.Upstream;

/// <summary>The results of requests to one destination in the last minute.</summary>
/// <param name="Attempts">Requests sent, WebSockets by their upgrade; a retried request counts at each destination.</param>
/// <param name="Failed">Requests without a response or with a 5xx response.</param>
/// <param name="FailingSince">When the destination began to fail; null while it works.</param>
/// <param name="LastError">The reason of the last failure; null while it works.</param>
public sealed record RecentRequests(int Attempts, int Failed, DateTimeOffset? FailingSince = null, string? LastError = null)
{
    internal bool IsFailing => FailingSince is not null;
}

/// <summary>
/// Results of the last minute for one destination, from which its state is derived without probes: failing once half of the requests fail,
/// working once fewer do, or after enough consecutive successes.
/// </summary>
sealed class ResultWindow(TimeProvider time)
{
    /// <summary>The minimum number of failures: a single broken connection is not an outage.</summary>
    public const int MinFailures = 3;

    /// <summary>Consecutive successes that end the failing state at once, before the failures are a minute old.</summary>
    public const int Recovery = 10;

    const int Seconds = 60;

    readonly Lock _lock = new();
    readonly (long Second, int Attempts, int Failed)[] _slots = new (long, int, int)[Seconds];
    int _failedInRow, _answeredInRow;
    long _rowBegan;
    long? _failingSince;
    string? _lastError;

    /// <param name="error">The reason of a failure; null for a success.</param>
    /// <returns>The new state if this result changed it, otherwise null.</returns>
    public RecentRequests? Add(string? error)
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            ref var slot = ref SlotAt(now);
            slot.Attempts++;
            if (error is null)
            {
                (_failedInRow, _answeredInRow) = (0, _answeredInRow + 1);
            }
            else
            {
                slot.Failed++;
                if (_failedInRow++ == 0) _rowBegan = now;
                (_answeredInRow, _lastError) = (0, error);
            }

            var fails = Fails(now);
            if (fails == _failingSince is not null) return null;
            _failingSince = !fails ? null : _failedInRow >= MinFailures ? _rowBegan : now;
            return Read(now);
        }
    }

    public RecentRequests Read()
    {
        lock (_lock) return Read(time.GetTimestamp());
    }

    bool Fails(long now)
    {
        if (_answeredInRow >= Recovery) return false;
        // Independent of the number of requests in the minute.
        if (_failedInRow >= MinFailures) return true;
        var (attempts, failed) = Sum(now);
        return failed >= MinFailures && failed * 2 >= attempts;
    }

    RecentRequests Read(long now)
    {
        var (attempts, failed) = Sum(now);
        return _failingSince is { } since
            ? new RecentRequests(attempts, failed, time.GetUtcNow() - time.GetElapsedTime(since, now), _lastError)
            : new RecentRequests(attempts, failed);
    }

    (int Attempts, int Failed) Sum(long now)
    {
        var second = SecondOf(now);
        var (attempts, failed) = (0, 0);
        foreach (var slot in _slots)
        {
            if (slot.Second <= second - Seconds) continue;
            attempts += slot.Attempts;
            failed += slot.Failed;
        }

        return (attempts, failed);
    }

    ref (long Second, int Attempts, int Failed) SlotAt(long now)
    {
        var second = SecondOf(now);
        ref var slot = ref _slots[second % Seconds];
        if (slot.Second != second) slot = (second, 0, 0);
        return ref slot;
    }

    /// <summary>Starts at 60, so that an unused slot is outside of the window.</summary>
    long SecondOf(long timestamp) => (timestamp / time.TimestampFrequency) + Seconds;
}
