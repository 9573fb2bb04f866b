namespace ImGateway.Edge.Connections;

/// <summary>One log line an interval, which reports how many were suppressed since the one before: the log stays readable under attack.</summary>
sealed class LogThrottle(TimeProvider time, TimeSpan interval)
{
    readonly Lock _lock = new();
    long? _last;
    int _suppressed;

    /// <summary>True where a line is due; else it is counted as suppressed.</summary>
    /// <param name="suppressed">How many have been since the last line.</param>
    public bool IsDue(out int suppressed)
    {
        lock (_lock)
        {
            suppressed = _suppressed;
            if (_last is { } last && time.GetElapsedTime(last) < interval)
            {
                _suppressed++;
                return false;
            }

            (_last, _suppressed) = (time.GetTimestamp(), 0);
            return true;
        }
    }
}
