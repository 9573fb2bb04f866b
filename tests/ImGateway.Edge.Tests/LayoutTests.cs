using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace ImGateway.Edge.Tests;

/// <summary>Who may know whom (docs/architecture.md), read from the <c>using</c> lines of each folder.</summary>
public sealed partial class LayoutTests
{
    static readonly Dictionary<string, string[]> MayKnow = new(StringComparer.Ordinal)
    {
        ["Configuration"] = [],
        ["Connections"] = ["Configuration"],
        ["Tls"] = ["Configuration"],
        ["Challenges"] = ["Configuration", "Tls"],
        ["Certificates"] = ["Configuration", "Tls", "Challenges"],
        ["WebSockets"] = ["Configuration"],
        ["Proxying"] = ["Configuration", "Tls", "Challenges", "WebSockets"],
        ["Operations"] = ["Configuration", "Connections", "Tls", "Challenges", "Certificates", "Proxying", "WebSockets", "Demo"],
        ["Demo"] = ["Configuration", "Tls", "Challenges", "Certificates", "Proxying", "WebSockets", "Operations"],
        ["Commands"] = ["Configuration", "Tls", "Challenges", "Certificates", "Proxying", "WebSockets", "Operations", "Demo"],
    };

    [Fact]
    public void Folders_know_only_what_the_layout_allows()
    {
        var source = Path.Combine(Repository(), "src", "ImGateway.Edge");
        var folders = Directory.GetDirectories(source).Select(Path.GetFileName).Where(name => name is not ("bin" or "obj"));
        Assert.Equal(MayKnow.Keys.Order(StringComparer.Ordinal), folders.Order(StringComparer.Ordinal));

        var wrong = from folder in MayKnow
                    from file in Directory.EnumerateFiles(Path.Combine(source, folder.Key), "*.cs", SearchOption.AllDirectories)
                    from Match known in Using().Matches(File.ReadAllText(file))
                    let name = known.Groups["name"].Value
                    where name != folder.Key && !folder.Value.Contains(name)
                    select $"{Path.GetRelativePath(source, file)} uses {name}";
        Assert.Empty(wrong);
    }

    static string Repository([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", ".."));

    [GeneratedRegex(@"^using ImGateway\.Edge\.(?<name>\w+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Using();
}
