namespace ImGateway.DirectTls.Loops;

/// <summary>
/// How long the iterations of a loop take: so long may an event have waited for its handler. A handler that blocks is visible here, even before it returns.
/// </summary>
sealed class LoopLag(TimeProvider time)
{
    static readonly TimeSpan Window = TimeSpan.FromSeconds(30);

    // Ticks of the TimeProvider; 0 = between iterations.
    long _started, _windowStarted, _longest, _longestBefore;

    /// <summary>The time since the current iteration began. To be read on the loop's thread.</summary>
    public TimeSpan OfIteration => time.GetElapsedTime(_started);

    /// <summary>The longest iteration of the last 30 to 60 seconds, including the current one.</summary>
    public TimeSpan Longest
    {
        get
        {
            var now = time.GetTimestamp();
            var started = Volatile.Read(ref _started);
            var current = started == 0 ? 0 : now - started;
            var age = time.GetElapsedTime(Volatile.Read(ref _windowStarted), now);
            var recent = age < Window ? Math.Max(Volatile.Read(ref _longest), Volatile.Read(ref _longestBefore)) : age < 2 * Window ? Volatile.Read(ref _longest) : 0;
            return time.GetElapsedTime(0, Math.Max(current, recent));
        }
    }

    public void OnIterationStarted() => Volatile.Write(ref _started, time.GetTimestamp());

    public void OnIterationEnded()
    {
        var now = time.GetTimestamp();
        var duration = now - _started;
        if (time.GetElapsedTime(_windowStarted, now) >= Window)
        {
            Volatile.Write(ref _longestBefore, time.GetElapsedTime(_windowStarted, now) < 2 * Window ? _longest : 0);
            Volatile.Write(ref _longest, 0);
            Volatile.Write(ref _windowStarted, now);
        }

        if (duration > _longest) Volatile.Write(ref _longest, duration);
        Volatile.Write(ref _started, 0);
    }
}
