using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;
using ImGateway.Edge.Tests.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Docs;

/// <summary>docs/configuration.md says what the code does.</summary>
public sealed class ConfigurationPageTests
{
    const string Remedy = "make it anew: IMGW_WRITE_DOCS=1 tests/ImGateway.Edge.Tests/bin/Debug/net10.0/ImGateway.Edge.Tests --filter-class '*ConfigurationPageTests'";

    public static TheoryData<string> Keys => [.. OptionDocs.All.Where(option => option.Example is not null).Select(option => option.Key)];

    [Fact]
    public void The_page_is_what_the_code_says()
    {
        var page = ConfigurationPage.With(ConfigurationPage.Made());
        if (Environment.GetEnvironmentVariable("IMGW_WRITE_DOCS") == "1") File.WriteAllText(Path.Combine(Repository.Root, ConfigurationPage.Path), page);

        Assert.True(page == Documents.Read(ConfigurationPage.Path), $"{ConfigurationPage.Path} differs from the code; {Remedy}");
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public void An_example_is_valid_differs_from_the_default_and_can_be_given_by_variables(string key)
    {
        var option = OptionDocs.All.Single(option => option.Key == key);
        var (with, without) = ConfigurationPage.Read(option);
        var byVariables = ConfigurationPage.ReadVariables(option);

        Assert.DoesNotContain(with.Lines(), line => line.StartsWith(option.Indexed + ":", StringComparison.Ordinal));
        Assert.Contains(ConfigurationChanges.Between(without.Draft, with.Draft), change => Covers(change.Key, option.Indexed));
        Assert.Contains(ConfigurationChanges.Between(without.Draft, byVariables.Draft), change => Covers(change.Key, option.Indexed));
        if (!key.Contains(":N:", StringComparison.Ordinal)) Assert.Empty(ConfigurationChanges.Between(with.Draft, byVariables.Draft));
    }

    [Fact]
    public void Every_key_that_is_in_force_is_on_the_page()
    {
        var documented = OptionDocs.All.Select(option => option.Key).ToHashSet(StringComparer.Ordinal);
        var inForce = EffectiveSettings.Of(new EdgeOptions()).Select(setting => setting.List ?? setting.Key).Distinct();

        Findings.None(inForce.Where(key => !documented.Contains(key)));
        Assert.True(documented.Count > 60, $"only {documented.Count} keys were found");
    }

    /// <summary>A list is one change, whatever item of it is meant.</summary>
    static bool Covers(string changed, string key) => key == changed || key.StartsWith(changed + ":", StringComparison.Ordinal) || changed.StartsWith(key + ":", StringComparison.Ordinal);
}
