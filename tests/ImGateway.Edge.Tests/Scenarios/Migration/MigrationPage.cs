using System.Globalization;
using System.Text.RegularExpressions;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>One of the numbered differences of the page. What is in back quotes can be checked.</summary>
sealed record NamedDifference(int Number, string Title, string Request, string Nginx, string Edge);

/// <summary>docs/migrate-from-nginx.md, as its readers have it.</summary>
static partial class MigrationPage
{
    static readonly string Text = File.ReadAllText(Path());

    /// <summary>What takes the place of the nginx configuration.</summary>
    public static string AppSettings { get; } = Json().Matches(Text)[0].Groups["json"].Value;

    public static IReadOnlyList<NamedDifference> Differences { get; } =
    [
        .. Item().Matches(Text[Text.IndexOf("## Differences", StringComparison.Ordinal)..]).Select(item => new NamedDifference(
            int.Parse(item.Groups["number"].Value, CultureInfo.InvariantCulture),
            item.Groups["title"].Value, OneLine(item, "request"), OneLine(item, "nginx"), OneLine(item, "edge"))),
    ];

    /// <summary>The first cell of each row: what a line of the nginx configuration says.</summary>
    public static IReadOnlyList<string> Directives { get; } = [.. Row().Matches(Text).SelectMany(row => Quoted(row.Groups["cell"].Value))];

    public static IEnumerable<string> Quoted(string text) => Quote().Matches(text).Select(match => match.Groups["text"].Value);

    static string OneLine(Match item, string group) => Regex.Replace(item.Groups[group].Value, @"\s+", " ", RegexOptions.None, TimeSpan.FromSeconds(1)).Trim();

    static string Path() => Repository.PathOf("docs", "migrate-from-nginx.md");

    [GeneratedRegex("""^```json\n(?<json>.*?)^```""", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Json();

    [GeneratedRegex(
        """^(?<number>\d+)\. \*\*(?<title>[^*]+)\.\*\*.*?^ +- Request: (?<request>.*?)^ +- nginx: (?<nginx>.*?)^ +- Edge: (?<edge>.*?)(?=^\S|^\s*$|\z)""",
        RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Item();

    [GeneratedRegex("""^\| (?<cell>`.*?) \|""", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Row();

    [GeneratedRegex("`(?<text>[^`]+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Quote();
}
