using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Docs;

/// <summary>The pages that people read: README.md and everything under docs.</summary>
static class Documents
{
    public static IReadOnlyList<string> All { get; } =
    [
        "README.md",
        "CONTRIBUTING.md",
        .. Directory.EnumerateFiles(Repository.PathOf("docs"), "*.md", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Repository.Root, file)).Order(StringComparer.Ordinal),
    ];

    /// <param name="page">Relative to the repository.</param>
    public static string Read(string page) => File.ReadAllText(Repository.PathOf(page));
}
