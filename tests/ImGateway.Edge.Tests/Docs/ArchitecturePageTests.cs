using System.Text.RegularExpressions;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Docs;

/// <summary>Pages about the code name files of <c>src/ImGateway.Edge</c>, which may be moved and renamed.</summary>
public sealed partial class ArchitecturePageTests
{
    static readonly string Source = Repository.PathOf("src", "ImGateway.Edge");

    public static TheoryData<string> Pages() =>
        [.. new[] { Repository.PathOf("docs", "architecture.md") }.Concat(Directory.GetFiles(Repository.PathOf("docs", "decisions"))).Select(path => Path.GetRelativePath(Repository.PathOf("docs"), path))];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_file_with_a_path_that_a_page_names_exists(string page)
    {
        var named = NamedFile().Matches(File.ReadAllText(Repository.PathOf("docs", page))).Select(match => match.Groups["path"].Value).Distinct(StringComparer.Ordinal);
        Assert.DoesNotContain(named, path => !File.Exists(Path.Combine(Source, path)));
    }

    [Fact]
    public void Each_change_names_a_file_that_exists()
    {
        var page = File.ReadAllText(Repository.PathOf("docs", "architecture.md"));
        var rows = Row().Matches(page[page.IndexOf("## Where to change what", StringComparison.Ordinal)..]);
        Assert.Equal(10, rows.Count);
        Assert.All(rows, row =>
        {
            var named = InCode().Matches(row.Groups["files"].Value).Select(match => match.Groups["path"].Value).ToList();
            Assert.NotEmpty(named);
            Assert.DoesNotContain(named, path => !File.Exists(Path.Combine(Source, path)));
        });
    }

    [GeneratedRegex(@"(?<![\w./-])(?<path>[A-Z]\w+(/\w+)+\.cs)\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NamedFile();

    [GeneratedRegex(@"^\| (an?|client|another) (?<change>[^|]+)\|(?<files>.+)\|$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Row();

    [GeneratedRegex(@"`(?<path>[\w/]+\.cs)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex InCode();
}
