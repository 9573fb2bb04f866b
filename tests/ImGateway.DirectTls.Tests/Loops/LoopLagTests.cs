using ImGateway.DirectTls.Loops;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.DirectTls.Tests.Loops;

public sealed class LoopLagTests
{
    readonly FakeTimeProvider _time = new();

    [Fact]
    public void An_iteration_that_has_not_ended_counts()
    {
        var lag = new LoopLag(_time);
        _time.Advance(TimeSpan.FromSeconds(1));
        lag.OnIterationStarted();

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(TimeSpan.FromSeconds(2), lag.Longest);
        Assert.Equal(TimeSpan.FromSeconds(2), lag.OfIteration);
    }

    [Fact]
    public void The_longest_is_forgotten_after_a_minute()
    {
        var lag = new LoopLag(_time);
        _time.Advance(TimeSpan.FromMinutes(5));
        Iterate(lag, TimeSpan.FromMilliseconds(1));
        Iterate(lag, TimeSpan.FromMilliseconds(300));
        Iterate(lag, TimeSpan.FromMilliseconds(5));
        Assert.Equal(TimeSpan.FromMilliseconds(300), lag.Longest);

        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(TimeSpan.FromMilliseconds(300), lag.Longest);
        _time.Advance(TimeSpan.FromSeconds(32));

        Assert.Equal(TimeSpan.Zero, lag.Longest);
    }

    void Iterate(LoopLag lag, TimeSpan duration)
    {
        lag.OnIterationStarted();
        _time.Advance(duration);
        lag.OnIterationEnded();
    }
}
