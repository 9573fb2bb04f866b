using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Edge.Tests;

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

    /// <summary>
    /// Periods that ended meanwhile make one tick, as those of <see cref="PeriodicTimer"/> do: <see cref="FakeTimeProvider"/> would make up for each
    /// second of days.
    /// </summary>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        period == Timeout.InfiniteTimeSpan ? base.CreateTimer(callback, state, dueTime, period) : new OneTick(this, callback, state, dueTime, period);

    /// <summary>Time passes, and neither timers nor the monotonic clock notice.</summary>
    public void Suspend(TimeSpan duration) => _suspended += duration;

    ITimer CreateOneShot(TimerCallback callback, TimeSpan dueTime) => base.CreateTimer(callback, null, dueTime, Timeout.InfiniteTimeSpan);

    sealed class OneTick : ITimer
    {
        readonly ITimer _timer;
        readonly TimerCallback _callback;
        readonly object? _state;
        TimeSpan _period;

        public OneTick(MachineClock clock, TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            (_callback, _state, _period) = (callback, state, period);
            _timer = clock.CreateOneShot(_ => Tick(), Timeout.InfiniteTimeSpan);
            // Which may tick at once.
            _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period;
            return _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
        }

        public void Dispose() => _timer.Dispose();

        public ValueTask DisposeAsync() => _timer.DisposeAsync();

        // Before the callback, which may change the timer.
        void Tick()
        {
            _timer.Change(_period, Timeout.InfiniteTimeSpan);
            _callback(_state);
        }
    }
}
