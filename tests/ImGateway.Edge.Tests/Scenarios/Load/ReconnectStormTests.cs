using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Load;

/// <summary>The short forms of <c>bench/storm</c> and <c>bench/idle</c>, which fail by themselves when a client is not served or memory is kept.</summary>
[Collection(typeof(SequentialTests))]
public sealed class ReconnectStormTests
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);

    [Fact]
    public Task Three_hundred_clients_at_once_all_come_in() => RunAsync("storm", "300", "--rounds", "2");

    [Fact]
    public Task What_six_hundred_idle_sockets_used_is_given_back() => RunAsync("idle", "600");

    static async Task RunAsync(string show, params string[] options)
    {
        var product = EdgeProcess.Program is var program && program.EndsWith(".dll", StringComparison.Ordinal) ? $"dotnet {program}" : program;
        var result = await ExternalTool.RunAsync(
            "python3", [Repository.PathOf("bench", show), .. options, "--peers", "", "--product", product + " run --config {config}"], timeout: Patience);

        TestContext.Current.SendDiagnosticMessage(result.Output);
        Assert.True(result.ExitCode == 0, result.All);
    }
}
