using System.Reflection;
using System.Text.RegularExpressions;

namespace ImGateway.Edge.Tests.Docs;

/// <summary>What the TLS guide calls proved is proved by tests that exist; <c>tests/proved</c> checks after all others that they ran and passed.</summary>
public sealed partial class SeedTableTests
{
    /// <summary>The headings of the seed guide under which something is required.</summary>
    static readonly string[] Sections =
    [
        "Overview", "TLS Requirements", "Architecture", "Option 1: Let's Encrypt", "Option 2: Self-Signed", "Option 3: Corporate CA", "Nginx Configuration",
        "Docker Compose", "Automatic Rotation", "Manual Rotation", "Expiry Monitoring", "Client-Side Enforcement", "Server-Side Enforcement", "Testing",
        "Best Practices: DO", "Best Practices: DON'T", "Troubleshooting", "Monitoring", "PCI DSS", "GDPR", "Support",
    ];

    [Fact]
    public void Every_section_of_the_seed_has_rows_and_every_row_a_proof()
    {
        Assert.Equal(Sections, SeedTable.Rows.Select(row => row.Section).Distinct());
        Assert.All(SeedTable.Rows, row => Assert.True(row.Proofs.Count > 0, $"{row.Section}: {row.Requirement}: nothing proves it"));
        Assert.True(SeedTable.Rows.Count > 60, $"only {SeedTable.Rows.Count} rows were read");
    }

    [Fact]
    public void Every_test_that_is_named_exists_and_is_not_skipped()
    {
        var tests = (from type in typeof(SeedTableTests).Assembly.GetTypes()
                     from method in type.GetMethods()
                     from fact in method.GetCustomAttributes<FactAttribute>()
                     where fact is { Skip: null, Explicit: false }
                     select $"{type.Name}.{method.Name}").ToHashSet(StringComparer.Ordinal);
        var checks = Check().Matches(Documents.Read("tests/deploy/run")).Select(match => SeedTable.DeployPrefix + match.Groups["name"].Value).ToHashSet(StringComparer.Ordinal);

        Findings.None(SeedTable.Rows.SelectMany(row => row.Proofs).Distinct().Where(proof => !tests.Contains(proof) && !checks.Contains(proof)));
    }

    [Fact]
    public void Every_class_of_tests_that_a_page_names_exists()
    {
        var classes = typeof(SeedTableTests).Assembly.GetTypes().Select(type => type.Name).ToHashSet(StringComparer.Ordinal);
        var named = Documents.All.SelectMany(page => Class().Matches(Documents.Read(page)).Select(match => match.Groups["name"].Value)).Distinct().ToList();

        Assert.True(named.Count > 15, $"only {named.Count} classes are named");
        Findings.None(named.Where(name => !classes.Contains(name)));
    }

    [GeneratedRegex(@"`(?<name>\w+Tests)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Class();

    [GeneratedRegex("^check \"(?<name>[^\"]+)\"", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Check();
}
