using ImGateway.Edge.Connections.Limits;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Edge.Tests.Connections;

public sealed class LogThrottleTests
{
    static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_line_is_due_once_an_interval_and_reports_what_was_suppressed()
    {
        var throttle = new LogThrottle(_time, Interval);

        Assert.Equal((true, 0), Ask(throttle));
        Assert.Equal((false, 0), Ask(throttle));
        _time.Advance(Interval - TimeSpan.FromTicks(1));
        Assert.Equal((false, 1), Ask(throttle));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal((true, 2), Ask(throttle));
        _time.Advance(10 * Interval);
        Assert.Equal((true, 0), Ask(throttle));
    }

    [Fact]
    public void Of_lines_that_are_due_at_once_one_is_written_and_the_others_are_counted()
    {
        var throttle = new LogThrottle(_time, Interval);

        var written = 0;
        Parallel.For(0, 1000, _ =>
        {
            if (throttle.IsDue(out var _)) Interlocked.Increment(ref written);
        });

        Assert.Equal(1, written);
        _time.Advance(Interval);
        Assert.Equal((true, 999), Ask(throttle));
    }

    static (bool IsDue, int Suppressed) Ask(LogThrottle throttle) => (throttle.IsDue(out var suppressed), suppressed);
}
