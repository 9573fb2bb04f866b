using System.Text.RegularExpressions;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Layout;

/// <summary>
/// The folders of <c>src/ImGateway.Edge</c> (docs/architecture.md): which may reference which.
/// </summary>
public sealed partial class LayoutTests
{
    const string Root = "(root)";
    const int MostFiles = 30;

    /// <summary>By top-level folder; its subfolders may reference the same. <c>EdgeApplication</c> in the root puts all of them together.</summary>
    static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Configuration"] = [],
        ["Scheduling"] = [],
        ["Platform"] = ["Configuration"],
        ["Storage"] = ["Configuration", "Platform"],
        ["Connections"] = ["Configuration", "Scheduling", "Platform"],
        ["Tls"] = ["Configuration", "Connections"],
        ["Challenges"] = ["Configuration", "Storage", "Tls"],
        ["Certificates"] = ["Configuration", "Scheduling", "Platform", "Storage", "Tls", "Challenges"],
        ["WebSockets"] = ["Configuration", "Connections"],
        ["Proxying"] = ["Configuration", "Connections", "Tls", "Challenges", "WebSockets"],
        ["Operations"] = ["Configuration", "Scheduling", "Platform", "Storage", "Connections", "Tls", "Challenges", "Certificates", "Proxying", "WebSockets"],
        [Root] = ["Configuration", "Scheduling", "Storage", "Connections", "Tls", "Challenges", "Certificates", "Proxying", "WebSockets", "Operations"],
        ["Demo"] = ["Configuration", "Tls", "Challenges", "Certificates", "Proxying", "WebSockets", "Operations", Root],
        ["Commands"] = ["Configuration", "Scheduling", "Storage", "Connections", "Tls", "Challenges", "Certificates", "Proxying", "WebSockets", "Operations", "Demo", Root],
    };

    /// <summary>Libraries that a folder must not reference, by namespace.</summary>
    static readonly (string Folder, string Library)[] Forbidden =
    [
        ("WebSockets", "Yarp"),
        ("WebSockets", "Microsoft.AspNetCore.Http"),
    ];

    static readonly string Source = Repository.PathOf("src", "ImGateway.Edge");
    static readonly Lazy<Reference[]> References = new(() => [.. TypeReferences.In(typeof(EdgeApplication).Assembly.Location)]);

    [Fact]
    public void Every_top_level_folder_has_its_line_in_the_layout() => Assert.Equal(
        Allowed.Keys.Where(folder => folder != Root).Order(StringComparer.Ordinal),
        Folders(Source).Where(folder => !folder.Contains('/', StringComparison.Ordinal) && folder.Length > 0).Order(StringComparer.Ordinal));

    [Fact]
    public void The_namespace_of_every_file_is_its_folder()
    {
        var wrong = from folder in Folders(Source)
                    from file in Directory.EnumerateFiles(Path.Combine(Source, folder), "*.cs")
                    let expected = $"ImGateway.Edge.{folder.Replace('/', '.')}".TrimEnd('.')
                    let actual = NamespaceLine().Match(File.ReadAllText(file)).Groups["name"].Value
                    where actual != expected && Path.GetFileName(file) != "Program.cs"
                    select $"{Path.GetRelativePath(Source, file)} has the namespace {actual} instead of {expected}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void Folders_reference_only_what_the_layout_allows() => Assert.Empty(
        from reference in BetweenFolders()
        let @from = TopLevel(FolderOf(reference.FromNamespace))
        let to = TopLevel(FolderOf(reference.ToNamespace))
        where @from != to && !Allowed[@from].Contains(to)
        select $"{reference}");

    /// <summary>Constants leave no reference in the assembly; a <c>using</c> line is needed for those of folders that do not enclose the file's.</summary>
    [Fact]
    public void Folders_have_using_lines_only_of_what_the_layout_allows()
    {
        var wrong = from file in Directory.EnumerateFiles(Source, "*.cs", SearchOption.AllDirectories)
                    let folder = TopLevel(Path.GetRelativePath(Source, Path.GetDirectoryName(file)!).Replace('\\', '/'))
                    where Allowed.ContainsKey(folder)
                    from Match line in UsingLine().Matches(File.ReadAllText(file))
                    let name = line.Groups["name"].Value
                    where name != folder && !Allowed[folder].Contains(name)
                    select $"{Path.GetRelativePath(Source, file)} uses {name}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void No_folder_is_part_of_a_cycle()
    {
        var edges = BetweenFolders().ToLookup(reference => (From: FolderOf(reference.FromNamespace), To: FolderOf(reference.ToNamespace)));
        var graph = edges.ToLookup(edge => edge.Key.From, edge => edge.Key.To);
        Assert.Empty(from edge in edges
                     where IsReached(graph, edge.Key.To, edge.Key.From)
                     from reference in edge
                     select $"{edge.Key.From} -> {edge.Key.To}: {reference}");
    }

    [Fact]
    public void Folders_reference_no_library_that_is_kept_out_of_them() => Assert.Empty(
        from reference in References.Value
        from forbidden in Forbidden
        where TopLevel(FolderOf(reference.FromNamespace)) == forbidden.Folder
        where reference.ToNamespace == forbidden.Library || reference.ToNamespace.StartsWith(forbidden.Library + ".", StringComparison.Ordinal)
        select $"{reference}");

    /// <summary>A test is in the folder that is named as that of what it tests; only these are no folders of the product.</summary>
    [Fact]
    public void Folders_of_tests_are_those_of_the_product()
    {
        string[] others = ["Docs", "Layout", "Scenarios"];
        var product = Folders(Source).ToHashSet(StringComparer.Ordinal);
        Assert.DoesNotContain(
            Folders(Repository.PathOf("tests", "ImGateway.Edge.Tests")), folder => !others.Contains(TopLevel(folder)) && !product.Contains(folder));
    }

    [Fact]
    public void No_folder_holds_more_than_30_files() => Assert.Empty(
        from part in (string[])["src", "tests", "bench", "tools"]
        from folder in Folders(Repository.PathOf(part))
        let count = Directory.EnumerateFiles(Repository.PathOf(part, folder), "*.cs").Count()
        where count > MostFiles
        select $"{part}/{folder} holds {count} files");

    static IEnumerable<Reference> BetweenFolders() => References.Value.Where(reference =>
        IsOurs(reference.FromNamespace) && IsOurs(reference.ToNamespace) && reference.FromNamespace != reference.ToNamespace);

    static bool IsReached(ILookup<string, string> graph, string start, string goal)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal) { start };
        var next = new Queue<string>(reached);
        while (next.TryDequeue(out var folder))
            foreach (var to in graph[folder].Where(reached.Add)) next.Enqueue(to);
        return reached.Contains(goal);
    }

    static bool IsOurs(string name) => name == "ImGateway.Edge" || name.StartsWith("ImGateway.Edge.", StringComparison.Ordinal);

    static string FolderOf(string name) => !IsOurs(name) ? "" : name == "ImGateway.Edge" ? Root : name["ImGateway.Edge.".Length..].Replace('.', '/');

    static string TopLevel(string folder) => folder.Split('/')[0];

    /// <summary>The folder itself ("") and all below it, relative to it.</summary>
    static IEnumerable<string> Folders(string path) => Directory.EnumerateDirectories(path, "*", SearchOption.AllDirectories)
        .Select(folder => Path.GetRelativePath(path, folder).Replace('\\', '/'))
        .Where(folder => !folder.Split('/').Any(name => name is "bin" or "obj"))
        .Prepend("");

    [GeneratedRegex(@"^namespace (?<name>[\w.]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"^using ImGateway\.Edge\.(?<name>\w+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex UsingLine();
}
