using System.Runtime.InteropServices;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations.Reload;

/// <summary><c>imgw reload</c> and SIGHUP.</summary>
public sealed class ReloadVerbTests
{
    [Fact]
    public async Task The_verb_says_what_is_in_force_or_what_is_wrong()
    {
        await using var edge = await ReloadingEdge.StartAsync();

        var unchanged = await EdgeVerb.RunAsync("reload", "--config", edge.Process.ConfigFile);
        await edge.RefusedAsync(() => edge.WriteAsync(("Limits:UrlBytes", 0)));
        var refused = await EdgeVerb.RunAsync("reload", "--config", edge.Process.ConfigFile);

        Assert.Equal(0, unchanged.ExitCode);
        Assert.StartsWith("nothing has changed: in force since ", unchanged.Output, StringComparison.Ordinal);
        Assert.Equal(1, refused.ExitCode);
        Assert.Equal("", refused.Output);
        Assert.Equal("Edge:Limits:UrlBytes: 0 is out of range; write 1 to 1048576\n", refused.Error);
        await edge.AssertUndisturbedAsync();
    }

    [Fact]
    public async Task A_certificate_file_that_was_refused_is_judged_again_and_named()
    {
        await using var edge = await ReloadingEdge.StartAsync();
        using var unknown = TestCa.Create("Root that no machine knows");
        using var refused = unknown.Issue(ReloadingEdge.Gateway);
        var file = edge.Issue(ReloadingEdge.Gateway);
        await File.WriteAllTextAsync(file.Key!, refused.KeyPem);
        await File.WriteAllTextAsync(file.Certificate, refused.LeafPem);
        await edge.Process.WaitForLogAsync(line => line.Message.Contains("is missing, so clients could not verify it", StringComparison.Ordinal), ReloadingEdge.Patience);

        var result = await EdgeVerb.RunAsync("reload", "--config", edge.Process.ConfigFile);

        Assert.Equal(0, result.ExitCode);
        Assert.DoesNotContain("nothing has changed", result.Output, StringComparison.Ordinal);
        Assert.Contains($"{file.Certificate}: the certificate of its issuer", result.Error, StringComparison.Ordinal);
        await edge.AssertUndisturbedAsync();
    }

    [Fact]
    public async Task Where_no_edge_runs_the_verb_says_so_with_the_command_that_starts_it()
    {
        using var directory = new TemporaryDirectory();
        var file = new EdgeSetup().WriteTo(directory.Path);

        var result = await EdgeVerb.RunAsync("reload", "--config", file);

        Assert.Equal(1, result.ExitCode);
        result.Error.AssertSays("control.sock: no edge runs ");
        Assert.EndsWith($": imgw run --config {file}\n", result.Error, StringComparison.Ordinal);
        await using var edge = await ExternalProcess.StartAsync(
            "bash", PastedCommand.Arguments(PastedCommand.In(result.Error.Trim()), directory.Path), new Dictionary<string, string>(),
            async () => (await EdgeVerb.RunAsync("healthcheck", "--config", file)).ExitCode == 0);
        Assert.Equal(0, (await EdgeVerb.RunAsync("reload", "--config", file)).ExitCode);
    }

    [Fact]
    public async Task SIGHUP_reloads_and_kills_nothing()
    {
        await using var edge = await ReloadingEdge.StartAsync();

        edge.Process.Signal(PosixSignal.SIGHUP);

        await edge.LineAsync("Configuration reloaded by SIGHUP: nothing has changed");
        await edge.AssertUndisturbedAsync();
    }

    [Fact]
    public async Task What_changed_is_answered_to_who_asked_first()
    {
        await using var edge = await ReloadingEdge.StartAsync();

        await edge.WriteAsync(("Limits:UrlBytes", 4096));
        var reply = await edge.AskAsync();

        Assert.Empty(reply.Problems);
        // The change of the file may have been quicker.
        if (reply.Value!.Changes.Count > 0) Assert.Equal(["Edge:Limits:UrlBytes: 8192 → 4096"], reply.Value.Changes);
        else Assert.Contains("by a change of", reply.Value.Since, StringComparison.Ordinal);
        await edge.AssertUndisturbedAsync();
    }
}
