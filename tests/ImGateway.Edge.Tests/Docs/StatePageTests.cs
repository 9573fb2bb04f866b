using System.Reflection;
using System.Text.RegularExpressions;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Docs;

/// <summary>docs/state.md names the owner of each state by its type, which may be renamed.</summary>
public sealed partial class StatePageTests
{
    const BindingFlags Any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance;

    [Fact]
    public void Every_owner_is_a_type_of_the_edge()
    {
        var types = typeof(EdgeApplication).Assembly.GetTypes().ToLookup(type => type.Name.Split('`')[0], StringComparer.Ordinal);
        var owners = Row().Matches(File.ReadAllText(Repository.PathOf("docs", "state.md")))
            .SelectMany(row => TypeInCode().Matches(row.Groups["owner"].Value)).SelectMany(code => code.Groups["type"].Value.Split(['<', '>'], StringSplitOptions.RemoveEmptyEntries)).ToList();

        Assert.True(owners.Count > 40, $"{owners.Count} owners");
        Assert.DoesNotContain(owners, owner => owner.Split('.') is var parts && !types[parts[0]].Any(type => parts.Length == 1 || type.GetMember(parts[1], Any).Length > 0));
    }

    [GeneratedRegex(@"^\|[^|]+\|(?<owner>[^|]+)\|[^|]+\|$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Row();

    /// <summary>Not names of files, and not <c>…Metrics</c>, which stands for several types.</summary>
    [GeneratedRegex(@"`(?<type>[A-Z][\w.]*(<\w+>)?)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TypeInCode();
}
