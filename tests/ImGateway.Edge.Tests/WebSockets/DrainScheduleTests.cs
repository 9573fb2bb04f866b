using CsCheck;
using ImGateway.Edge.WebSockets;

namespace ImGateway.Edge.Tests.WebSockets;

public sealed class DrainScheduleTests
{
    static readonly Gen<(int Sockets, TimeSpan Spread, int Seed)> Any =
        Gen.Select(Gen.Int[1, 10_000], Gen.Int[1, 600_000].Select(ms => TimeSpan.FromMilliseconds(ms)), Gen.Int);

    [Fact]
    public void Each_socket_has_a_moment_in_a_slot_of_its_own() => Any.Sample((sockets, spread, seed) =>
    {
        var moments = DrainSchedule.Times(sockets, spread, new Random(seed)).ToList();
        Assert.Equal(sockets, moments.Count);
        for (var slot = 0; slot < sockets; slot++) Assert.InRange(moments[slot], spread * ((double)slot / sockets) - Tick, spread * ((slot + 1d) / sockets) + Tick);
    });

    [Fact]
    public void Any_second_has_its_even_share_give_or_take_two() => Any.Sample((sockets, spread, seed) =>
    {
        var moments = DrainSchedule.Times(sockets, spread, new Random(seed)).ToList();
        var share = sockets / Math.Max(1, spread.TotalSeconds);
        for (var from = TimeSpan.Zero; from + OneSecond <= spread; from += OneSecond)
        {
            Assert.InRange(moments.Count(moment => moment >= from && moment < from + OneSecond), share - 2, share + 2);
        }
    });

    [Fact]
    public void Without_a_spread_all_are_closed_together() => Assert.All(DrainSchedule.Times(100, TimeSpan.Zero, new Random(1)), moment => Assert.Equal(TimeSpan.Zero, moment));

    [Fact]
    public void Two_drains_do_not_beat_in_time() =>
        Assert.NotEqual(DrainSchedule.Times(100, OneSecond, new Random(1)), DrainSchedule.Times(100, OneSecond, new Random(2)));

    static readonly TimeSpan OneSecond = TimeSpan.FromSeconds(1);
    static readonly TimeSpan Tick = TimeSpan.FromTicks(1);
}
