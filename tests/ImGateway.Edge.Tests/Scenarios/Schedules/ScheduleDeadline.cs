namespace ImGateway.Edge.Tests.Scenarios.Schedules;

/// <summary>A requirement of a schedule: as long as it applies, something is done within a time, on the true clock.</summary>
sealed class ScheduleDeadline(string what, TimeSpan within)
{
    DateTimeOffset? _since;

    /// <summary>How often it was done. A deadline that was never met in time has tested nothing.</summary>
    public int Kept { get; private set; }

    public void Done(DateTimeOffset now)
    {
        Kept++;
        _since = now;
    }

    /// <summary>After a restart the whole time is available again.</summary>
    public void Restarted() => _since = null;

    /// <param name="applies">Whether it has applied ever since the last check.</param>
    /// <param name="gap">The true time since the last round: what became due within it was done at its end.</param>
    public void Check(bool applies, DateTimeOffset now, TimeSpan gap)
    {
        if (!applies)
        {
            _since = null;
            return;
        }

        _since ??= now;
        var owed = now - _since.Value;
        if (owed > within + gap) throw new MissedDeadlineException($"{what}: not within {within} of the true clock, but not even after {owed} ({gap} of it since the last round)");
    }
}

sealed class MissedDeadlineException(string message) : Exception(message);
