using ImGateway.Edge.Proxying.Upstream;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Edge.Tests.Proxying;

public sealed class ResultWindowTests
{
    static readonly DateTimeOffset Start = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    readonly FakeTimeProvider _time = new(Start);
    readonly ResultWindow _recent;

    public ResultWindowTests() => _recent = new ResultWindow(_time);

    [Fact]
    public void It_fails_from_the_first_of_three_failures_in_a_row()
    {
        Add(5, failed: 0);
        for (var i = 0; i < 2; i++) Assert.Null(Fail());
        Assert.False(_recent.Read().IsFailing);

        var changed = Fail();

        Assert.Equal(new RecentRequests(8, 3, Start.AddSeconds(5), "refused"), changed);
        Assert.Null(Fail());
    }

    [Fact]
    public void One_connection_that_breaks_off_is_no_outage()
    {
        for (var minute = 0; minute < 10; minute++)
        {
            Assert.Null(Fail());
            Assert.Null(_recent.Add(null));
            _time.Advance(TimeSpan.FromMinutes(1));
        }
    }

    [Fact]
    public void Half_of_those_of_the_last_minute_are_enough()
    {
        for (var i = 0; i < 20 && !_recent.Read().IsFailing; i++) _recent.Add(i % 2 == 0 ? "refused" : null);

        var recent = _recent.Read();
        Assert.Equal((5, 3, Start), (recent.Attempts, recent.Failed, recent.FailingSince));
    }

    [Fact]
    public void What_is_older_than_a_minute_does_not_count()
    {
        Add(30, failed: 30);
        _time.Advance(TimeSpan.FromSeconds(50));
        Assert.Equal(9, _recent.Read().Failed);
        _time.Advance(TimeSpan.FromSeconds(10));

        var recent = _recent.Read();
        Assert.Equal((0, 0), (recent.Attempts, recent.Failed));
        // Nothing says that it works again.
        Assert.True(recent.IsFailing);
        Assert.NotNull(_recent.Add(null));
        Assert.Equal(new RecentRequests(1, 0), _recent.Read());
    }

    [Fact]
    public void Ten_answers_in_a_row_end_it_at_once()
    {
        Add(40, failed: 40);
        for (var i = 0; i < ResultWindow.Recovery - 1; i++) Assert.Null(_recent.Add(null));

        Assert.Equal(new RecentRequests(50, 40), _recent.Add(null));
    }

    [Fact]
    public void Since_when_does_not_follow_a_clock_that_is_set()
    {
        var wrong = new WrongClock(_time);
        var recent = new ResultWindow(wrong);
        for (var i = 0; i < 3; i++) recent.Add("refused");
        wrong.Offset = TimeSpan.FromDays(-365);
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(wrong.GetUtcNow() - TimeSpan.FromSeconds(10), recent.Read().FailingSince);
    }

    sealed class WrongClock(TimeProvider time) : TimeProvider
    {
        public TimeSpan Offset { get; set; }

        public override long TimestampFrequency => time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + Offset;

        public override long GetTimestamp() => time.GetTimestamp();
    }

    RecentRequests? Fail() => _recent.Add("refused");

    /// <summary>One a second.</summary>
    void Add(int count, int failed)
    {
        for (var i = 0; i < count; i++)
        {
            _recent.Add(i < failed ? "refused" : null);
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }
}
