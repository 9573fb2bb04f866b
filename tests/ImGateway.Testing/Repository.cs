using System.Runtime.CompilerServices;

namespace ImGateway.Testing;

/// <summary>The checkout that the tests were built from.</summary>
public static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>A file or folder of it, as <c>("docs", "logs.md")</c>.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    static string Find([CallerFilePath] string file = "")
    {
        var folder = new FileInfo(file).Directory;
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "ImGateway.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"{file}: no ImGateway.sln above it");
    }
}
