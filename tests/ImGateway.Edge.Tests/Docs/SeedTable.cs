using System.Text.RegularExpressions;

namespace ImGateway.Edge.Tests.Docs;

/// <summary>The table at the end of docs/tls-guide.md: requirement, answer, proofs.</summary>
static partial class SeedTable
{
    public const string Page = "docs/tls-guide.md";

    const string Heading = "\n## Every requirement, and the test that proves it\n";

    public const string DeployPrefix = "deploy: ";

    public static IReadOnlyList<SeedRow> Rows { get; } = [.. Read()];

    static IEnumerable<SeedRow> Read()
    {
        var page = Documents.Read(Page);
        var lines = page[page.IndexOf(Heading, StringComparison.Ordinal)..].Split('\n').SkipWhile(line => !line.StartsWith("|---", StringComparison.Ordinal)).Skip(1);
        foreach (var line in lines.TakeWhile(line => line.StartsWith('|')))
        {
            var cells = line.Trim('|', ' ').Split(" | ");
            if (cells.Length != 4) throw new InvalidOperationException($"{Page}: not four cells: {line}");
            yield return new SeedRow(cells[0], cells[1], [.. Quoted().Matches(cells[3]).Select(match => match.Groups["name"].Value)]);
        }
    }

    [GeneratedRegex("`(?<name>[^`]+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Quoted();
}

/// <param name="Section">Of the seed guide.</param>
/// <param name="Proofs"><c>Class.Method</c>, or <c>deploy: </c> and the name of a check.</param>
sealed record SeedRow(string Section, string Requirement, IReadOnlyList<string> Proofs);
