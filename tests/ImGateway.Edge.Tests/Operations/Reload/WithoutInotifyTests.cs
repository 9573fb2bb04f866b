namespace ImGateway.Edge.Tests.Operations.Reload;

/// <summary>A machine or user that has no inotify instances or watches left, which many editors, containers and followers of logs bring about.</summary>
public sealed class WithoutInotifyTests
{
    [Theory]
    [InlineData("max_inotify_instances")]
    [InlineData("max_inotify_watches")]
    public async Task Changes_are_found_by_polling_with_one_line_for_the_configuration_and_one_for_certificates(string limit)
    {
        await using var edge = await ReloadingEdge.StartAsync(limit, []);
        var before = await edge.Client.ServedSerialAsync(ReloadingEdge.Gateway);

        await edge.ChangeAsync(("Limits:UrlBytes", 4000));
        await edge.ChangeAsync(("Limits:UrlBytes", 5000));
        for (var i = 0; i < 2; i++)
        {
            var from = edge.Process.Log.Lines.Count;
            edge.Issue(ReloadingEdge.Gateway);
            await edge.LineAsync($"{ReloadingEdge.Gateway}: certificate {before} replaced by ", from);
            before = await edge.Client.ServedSerialAsync(ReloadingEdge.Gateway);
        }

        var lines = edge.Process.Log.Lines.Where(line => line.Message.Contains("inotify", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, lines.Count);
        Assert.All(lines, line => Assert.Equal("Warning", line["@l"]));
        Assert.Contains(lines, line => line.Message.StartsWith($"{edge.Process.Directory}: ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Message.StartsWith($"{Path.GetDirectoryName(edge.Certificate.Certificate)}: ", StringComparison.Ordinal));
        Assert.DoesNotContain(edge.Process.Log.Lines, line => line["@l"] is "Error" or "Fatal");
        await edge.AssertUndisturbedAsync();
        Assert.Equal(0, await edge.Process.StopAsync(ReloadingEdge.Patience));
    }
}
