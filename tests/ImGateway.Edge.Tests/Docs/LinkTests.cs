using System.Text.RegularExpressions;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Docs;

/// <summary>Links within the repository lead somewhere, to headings too.</summary>
public sealed partial class LinkTests
{
    static readonly string[] Elsewhere = ["https://", "http://", "mailto:"];

    [Fact]
    public void Links_lead_to_files_and_headings()
    {
        var links = Documents.All.SelectMany(page => Link().Matches(Prose(page)).Select(match => (Page: page, Target: match.Groups["target"].Value)))
            .Where(link => !Elsewhere.Any(scheme => link.Target.StartsWith(scheme, StringComparison.Ordinal)))
            .ToList();

        Assert.True(links.Count > 60, $"only {links.Count} links were found");
        Findings.None(links.Where(link => !Leads(link.Page, link.Target)).Select(link => $"{link.Page}: {link.Target}"));
    }

    [Fact]
    public void Every_alert_has_its_runbook()
    {
        var alerts = Alert().Matches(Documents.Read("deploy/docker/prometheus/alerts.yml")).Select(match => match.Groups["name"].Value).Distinct().ToList();

        Assert.True(alerts.Count >= 10, $"only {alerts.Count} alerts were found");
        Findings.None(alerts.Where(alert => !Headings("docs/operations.md").Contains(Slug(alert))));
    }

    static bool Leads(string page, string target)
    {
        var (file, heading) = target.Split('#') switch { [var only] => (only, null), var parts => (parts[0], parts[1]) };
        var path = file.Length == 0 ? page : Path.GetRelativePath(Repository.Root, Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(page)!, file)));
        var full = Path.Combine(Repository.Root, path);
        return (File.Exists(full) || Directory.Exists(full)) && (heading is null || Headings(path).Contains(heading));
    }

    static HashSet<string> Headings(string page) => [.. Heading().Matches(Prose(page)).Select(match => Slug(match.Groups["text"].Value))];

    /// <summary>As GitHub names what a heading's link leads to.</summary>
    static string Slug(string heading) => NotInSlug().Replace(heading.ToLowerInvariant(), "").Replace(' ', '-');

    static string Prose(string page) => Block().Replace(Documents.Read(page), "");

    [GeneratedRegex(@"(?:\]\(|src(?:set)?="")(?<target>[^)\s""]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Link();

    [GeneratedRegex("^#+ (?<text>.+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Heading();

    [GeneratedRegex("^ *```.*?^ *```$", RegexOptions.Multiline | RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Block();

    [GeneratedRegex(@"[^\w\- ]", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NotInSlug();

    [GeneratedRegex(@"^\s*- alert: (?<name>\w+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Alert();
}
