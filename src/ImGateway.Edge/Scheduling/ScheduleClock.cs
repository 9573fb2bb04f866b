using System.Runtime.InteropServices;

namespace ImGateway.Edge.Scheduling;

/// <summary>A reading of <see cref="ScheduleClock"/>.</summary>
/// <param name="Wall">The wall clock, by which certificates are dated. It may be wrong, and be corrected at any time.</param>
/// <param name="Elapsed">Time since the clock was created. Never decreases.</param>
[StructLayout(LayoutKind.Auto)]
readonly record struct ClockReading(DateTimeOffset Wall, TimeSpan Elapsed);

/// <summary>
/// Measures elapsed time for schedules. Neither clock of a machine is sufficient alone: the monotonic clock stops while the machine is
/// suspended, and the wall clock can be set back. For each step between two readings the longer one counts, so that no wait lasts too long.
/// A wall clock that is set forward ends waits early, which costs one attempt. The steps must be short, so the loops that use the clock read it every second.
/// </summary>
sealed class ScheduleClock(TimeProvider time)
{
    readonly Lock _lock = new();
    DateTimeOffset _wall = time.GetUtcNow();
    long _monotonic = time.GetTimestamp();
    TimeSpan _elapsed;

    public ClockReading Now
    {
        get
        {
            lock (_lock)
            {
                var (wall, monotonic) = (time.GetUtcNow(), time.GetTimestamp());
                var (byWall, byMonotonic) = (wall - _wall, time.GetElapsedTime(_monotonic, monotonic));
                (_wall, _monotonic) = (wall, monotonic);
                _elapsed += byWall > byMonotonic ? byWall : byMonotonic;
                return new ClockReading(wall, _elapsed);
            }
        }
    }
}
