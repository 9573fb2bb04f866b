using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>
/// The clocks of one machine, as Linux has them: a wall clock that may be wrong, and a monotonic one that drives timers, cannot be put right or
/// wrong, and stands still while the machine is suspended. <see cref="FakeTimeProvider.Advance"/> is time that passes while the machine runs.
/// </summary>
sealed class MachineClock(DateTimeOffset start) : FakeTimeProvider(start)
{
    TimeSpan _suspended;

    /// <summary>How far the wall clock is ahead of the true time.</summary>
    public TimeSpan Error { get; set; }

    /// <summary>What a correct clock would say.</summary>
    public DateTimeOffset TrueNow => base.GetUtcNow() + _suspended;

    public override DateTimeOffset GetUtcNow() => TrueNow + Error;

    public override long GetTimestamp() => base.GetUtcNow().Ticks;

    /// <summary>Time passes, and neither timers nor the monotonic clock notice.</summary>
    public void Suspend(TimeSpan duration) => _suspended += duration;
}
