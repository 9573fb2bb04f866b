using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Docs;

/// <summary>The tables of docs/performance.md and the plots are what <c>bench/report</c> generates from docs/performance/report.json.</summary>
public sealed class ReportTests
{
    [Fact]
    public async Task Tables_and_plots_are_generated_from_the_report()
    {
        var check = await CheckAsync(Repository.Root);

        Assert.True(check.ExitCode == 0, check.All);
    }

    [Theory]
    [InlineData("docs/performance.md", "| full TLS 1.3 handshake", "| a handshake")]
    [InlineData("docs/performance/machine-work.svg", "</svg>", "<text/></svg>")]
    [InlineData("docs/performance/report.json", "\"bad\": 0", "\"bad\": 1")]
    public async Task An_edited_table_plot_or_figure_is_reported(string file, string text, string changed)
    {
        using var copy = new TemporaryDirectory();
        foreach (var source in Directory.EnumerateFiles(Repository.PathOf("bench"))
                     .Concat(Directory.EnumerateFiles(Repository.PathOf("docs", "performance"))).Append(Repository.PathOf("docs", "performance.md")))
        {
            var target = Path.Combine(copy.Path, Path.GetRelativePath(Repository.Root, source));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(source, target);
        }

        var edited = Path.Combine(copy.Path, file);
        var before = File.ReadAllText(edited);
        Assert.Contains(text, before, StringComparison.Ordinal);
        File.WriteAllText(edited, before.Replace(text, changed, StringComparison.Ordinal));

        var check = await CheckAsync(copy.Path);

        Assert.Equal(1, check.ExitCode);
        Assert.Contains("bench/report --write", check.All, StringComparison.Ordinal);
    }

    static Task<ToolResult> CheckAsync(string repository) =>
        ExternalTool.RunAsync("python3", [Path.Combine(repository, "bench", "report"), "--check"], timeout: TimeSpan.FromMinutes(1));
}
