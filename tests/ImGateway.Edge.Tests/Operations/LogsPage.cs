using System.Text.RegularExpressions;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations;

/// <param name="IsAlways">Whether the page says that it is never absent.</param>
sealed record DocumentedField(string Name, string Type, bool IsAlways);

/// <summary>docs/logs.md, as its readers have it.</summary>
static partial class LogsPage
{
    static readonly string Text = File.ReadAllText(Repository.PathOf("docs", "logs.md"));

    public static IReadOnlyList<DocumentedField> AccessLog { get; } =
    [
        .. Field().Matches(Section("## The access log", "### Which request was it")).Select(row =>
            new DocumentedField(row.Groups["name"].Value, row.Groups["type"].Value, row.Groups["absent"].Value == "never")),
    ];

    /// <summary>Level and message of each event that is explained.</summary>
    public static IReadOnlyList<(string Level, string Message)> Events { get; } =
        [.. Event().Matches(Section("## What the edge says", null)).Select(row => (row.Groups["level"].Value, row.Groups["message"].Value))];

    /// <summary>Level and message of each event in the source.</summary>
    public static IReadOnlyList<(string Level, string Message)> SourceEvents { get; } =
    [
        .. from project in (string[])["ImGateway.Edge", "ImGateway.DirectTls"]
           from file in Directory.EnumerateFiles(Repository.PathOf("src", project), "*.cs", SearchOption.AllDirectories)
           from Match attribute in Attribute().Matches(File.ReadAllText(file))
           select (attribute.Groups["level"].Value, attribute.Groups["message"].Value),
    ];

    /// <summary>Example lines of the page, and settings.</summary>
    public static IReadOnlyList<string> Examples { get; } = [.. Json().Matches(Text).Select(match => match.Groups["json"].Value)];

    static string Section(string begin, string? end)
    {
        var start = Text.IndexOf(begin, StringComparison.Ordinal);
        return end is null ? Text[start..] : Text[start..Text.IndexOf(end, StringComparison.Ordinal)];
    }

    [GeneratedRegex("""^\| `(?<name>[^`]+)` \| (?<type>[^|]+) \|[^|]*\| (?<absent>[^|]+) \|$""", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Field();

    [GeneratedRegex("""^\| (?<level>\w+) \| `(?<message>[^`]+)` \|""", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Event();

    [GeneratedRegex(
        """(LoggerMessage\((Level = )?(\d+, )?LogLevel\.(?<level>\w+),\s*(Message = )?|\blog\.(?<level>Warning|Error)\()"(?<message>([^"\\]|\\.)*)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Attribute();

    [GeneratedRegex("""^```json\n(?<json>.*?)^```""", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Json();
}
