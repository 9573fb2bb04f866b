using System.Runtime.CompilerServices;

namespace ImGateway.Edge.Tests.Docs;

/// <summary>The pages that people read: README.md and everything under docs.</summary>
static class Documents
{
    public static string Repository { get; } = Find();

    public static IReadOnlyList<string> All { get; } =
    [
        "README.md",
        "CONTRIBUTING.md",
        .. Directory.EnumerateFiles(Path.Combine(Repository, "docs"), "*.md", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Repository, file)).Order(StringComparer.Ordinal),
    ];

    /// <param name="page">Relative to the repository.</param>
    public static string Read(string page) => File.ReadAllText(Path.Combine(Repository, page));

    static string Find([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", ".."));
}
