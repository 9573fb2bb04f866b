using System.Globalization;
using ImGateway.Edge.Connections.Listening;

namespace ImGateway.Edge.Tests.Connections;

/// <summary>What the environment says (sd_listen_fds(3)). Processes that other tests start see it too, and know by LISTEN_PID that it is not for them.</summary>
public sealed class InheritedSocketsTests
{
    static readonly string Own = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    [Theory]
    [InlineData("2", "1")]
    [InlineData("2", "")]
    [InlineData(null, null)]
    public void What_is_meant_for_another_process_is_left_alone_and_not_passed_on(string? count, string? process)
    {
        var inherited = Take(count, process);

        Assert.Empty(inherited.All);
        Assert.Null(inherited.Problem);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("two")]
    [InlineData("257")]
    [InlineData("99999999999")]
    public void A_count_that_is_none_is_a_problem(string count) => Assert.Contains("LISTEN_FDS", Take(count, Own).Problem, StringComparison.Ordinal);

    static InheritedSockets Take(string? count, string? process)
    {
        Environment.SetEnvironmentVariable("LISTEN_FDS", count);
        Environment.SetEnvironmentVariable("LISTEN_PID", process);
        Environment.SetEnvironmentVariable("LISTEN_FDNAMES", "https");
        var inherited = InheritedSockets.Take();
        foreach (var name in (string[])["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]) Assert.Null(Environment.GetEnvironmentVariable(name));
        return inherited;
    }
}
