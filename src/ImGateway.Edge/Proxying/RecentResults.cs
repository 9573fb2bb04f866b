namespace ImGateway.Edge.Proxying;

/// <summary>What became of requests at one destination within the last minute.</summary>
/// <param name="Attempts">Requests sent to it, WebSockets by their upgrade; a repeated one counts at each destination it was tried at.</param>
/// <param name="Failed">Those among them that it did not answer, or answered with a status of 5xx.</param>
/// <param name="FailingSince">When it began to fail; null as long as it works.</param>
/// <param name="LastError">Why the last one failed; null as long as it works.</param>
public sealed record UpstreamRecent(int Attempts, int Failed, DateTimeOffset? FailingSince = null, string? LastError = null)
{
    internal bool IsFailing => FailingSince is not null;
}

/// <summary>
/// A record of the last minute of one destination, by which it is judged without anybody asking it: it fails once half of its requests do,
/// and works again once fewer do, or when so many in a row were answered that the failures are of the past.
/// </summary>
sealed class RecentResults(TimeProvider time)
{
    /// <summary>How many must have failed: one connection that breaks off is no outage.</summary>
    public const int FewestFailures = 3;

    /// <summary>How many answered in a row end a failure at once, so that a gateway that is back need not wait for its failures to be a minute old.</summary>
    public const int Recovery = 10;

    const int Seconds = 60;

    readonly Lock _lock = new();
    readonly (long Second, int Attempts, int Failed)[] _slots = new (long, int, int)[Seconds];
    int _failedInRow, _answeredInRow;
    long _rowBegan;
    long? _failingSince;
    string? _lastError;

    /// <param name="error">Why it failed; null if it was answered.</param>
    /// <returns>How it stands if that has changed by this result, else null.</returns>
    public UpstreamRecent? Add(string? error)
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
            _failingSince = !fails ? null : _failedInRow >= FewestFailures ? _rowBegan : now;
            return Read(now);
        }
    }

    public UpstreamRecent Read()
    {
        lock (_lock) return Read(time.GetTimestamp());
    }

    bool Fails(long now)
    {
        if (_answeredInRow >= Recovery) return false;
        // However few there are in a minute.
        if (_failedInRow >= FewestFailures) return true;
        var (attempts, failed) = Sum(now);
        return failed >= FewestFailures && failed * 2 >= attempts;
    }

    UpstreamRecent Read(long now)
    {
        var (attempts, failed) = Sum(now);
        return _failingSince is { } since
            ? new UpstreamRecent(attempts, failed, time.GetUtcNow() - time.GetElapsedTime(since, now), _lastError)
            : new UpstreamRecent(attempts, failed);
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

    /// <summary>From 60 on: a slot that was never used is out of the window.</summary>
    long SecondOf(long timestamp) => (timestamp / time.TimestampFrequency) + Seconds;
}
