using ImGateway.Edge.Connections;
using ImGateway.Edge.Connections.Limits;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Edge.Tests.Connections;

public sealed class SilentConnectionsTests
{
    static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    readonly FakeTimeProvider _time = new();

    [Fact]
    public void Those_that_are_older_are_ended_and_what_has_been_heard_is_not()
    {
        var all = new SilentConnections(_time);
        using CancellationTokenSource old = new(), heard = new(), young = new();
        all.Enter(old);
        var silence = all.Enter(heard);
        _time.Advance(TimeSpan.FromSeconds(2));
        all.Enter(young);
        silence.End();

        all.CancelOlderThan(TimeSpan.FromSeconds(2));

        Assert.Equal((true, false, false, 1), (old.IsCancellationRequested, heard.IsCancellationRequested, young.IsCancellationRequested, all.Count));
    }

    [Theory]
    [InlineData(0, 10)]
    [InlineData(0.8, 10)]
    [InlineData(0.9, 5.5)]
    [InlineData(1, 1)]
    public void The_less_is_left_the_sooner_silent_connections_end(double fullness, double seconds) =>
        Assert.Equal(seconds, ConnectionBudgetMonitor.SilenceLimit(fullness, Longest).TotalSeconds, 0.001);

    [Fact]
    public void A_shorter_time_out_stays_as_it_is() => Assert.Equal(TimeSpan.FromSeconds(0.5), ConnectionBudgetMonitor.SilenceLimit(1, TimeSpan.FromSeconds(0.5)));
}
