using ImGateway.Edge.Proxying.Upstream;

namespace ImGateway.Edge.Tests.Proxying;

public sealed class SourcePortsCountTests
{
    [Theory]
    [InlineData("32768\t60999\n", "\n", 28_232)]
    [InlineData("50000 50199", "", 200)]
    [InlineData("50000 50199", "8080,50010-50019,50199\n", 189)]
    [InlineData("50000 50199", "49000-50009", 190)]
    [InlineData("50000 50199", "1-65535", 0)]
    [InlineData("1 1", "", 1)]
    [InlineData("", "", null)]
    [InlineData("60999 32768", "", null)]
    [InlineData("a b", "", null)]
    [InlineData("50000 50199", "x", null)]
    public void Reserved_ports_are_left_out_and_what_cannot_be_read_is_unknown(string range, string reserved, int? count) =>
        Assert.Equal(count, SourcePortRange.Count(range, reserved));

    [Fact]
    public void This_machine_says_how_many_it_has() => Assert.InRange(SourcePortRange.Count() ?? 0, 1, 65_535);
}
