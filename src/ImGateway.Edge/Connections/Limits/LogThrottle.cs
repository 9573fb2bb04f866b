namespace ImGateway.Edge.Connections.Limits;

/// <summary>Allows one log line for each interval, with the number of suppressed lines, so that the log stays readable under attack.</summary>
sealed class LogThrottle(TimeProvider time, TimeSpan interval)
{
    readonly Lock _lock = new();
    long? _last;
    int _suppressed;

    /// <summary>True if a line is due; otherwise the line is counted as suppressed.</summary>
    /// <param name="suppressed">The number suppressed since the last line.</param>
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
