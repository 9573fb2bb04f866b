using System.Runtime.InteropServices;

namespace ImGateway.Edge.Certificates;

/// <summary>The time as <see cref="ScheduleClock"/> read it.</summary>
/// <param name="Wall">What people read and certificates are dated by. It may be wrong, and be corrected at any moment.</param>
/// <param name="Elapsed">Since the clock began. It never goes back.</param>
[StructLayout(LayoutKind.Auto)]
readonly record struct Moment(DateTimeOffset Wall, TimeSpan Elapsed);

/// <summary>
/// How much time has passed, for schedules. Neither clock of a machine can be relied on alone: the monotonic one stands still while the machine is
/// suspended, and the wall clock is put back. Of each step between two readings the longer counts, so that no wait lasts longer than it should.
/// A wall clock that is put forward ends waits early, which costs one attempt. Each schedule reads it every second.
/// </summary>
sealed class ScheduleClock(TimeProvider time)
{
    readonly Lock _lock = new();
    DateTimeOffset _wall = time.GetUtcNow();
    long _monotonic = time.GetTimestamp();
    TimeSpan _elapsed;

    public Moment Now
    {
        get
        {
            lock (_lock)
            {
                var (wall, monotonic) = (time.GetUtcNow(), time.GetTimestamp());
                var (byWall, byMonotonic) = (wall - _wall, time.GetElapsedTime(_monotonic, monotonic));
                (_wall, _monotonic) = (wall, monotonic);
                _elapsed += byWall > byMonotonic ? byWall : byMonotonic;
                return new Moment(wall, _elapsed);
            }
        }
    }
}
