using ImGateway.Edge.Tests.Docs;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.SeedGuide;

/// <summary>The guide that this product was asked for, word by word, and what becomes of its commands.</summary>
static class SeedGuide
{
    const string Page = "tests/ImGateway.Edge.Tests/Scenarios/SeedGuide/tls-guide.md";

    static readonly string[] Lines = Documents.Read(Page).Split('\n');

    static readonly IReadOnlyList<Fence> Fences = Fence.In(Page);

    public static IEnumerable<string> Headings => Lines.Where(line => line.StartsWith("##", StringComparison.Ordinal)).Select(line => line.TrimStart('#').Trim());

    /// <summary>The blocks of bash under a heading, in their order.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static IReadOnlyList<string> Commands(string heading)
    {
        List<string> found = [.. Fences.Where(fence => fence.Language == "bash" && HeadingOf(fence) == heading).Select(fence => fence.Text)];
        return found.Count > 0 ? found : throw new InvalidOperationException($"{Page}: no commands under '{heading}'");
    }

    /// <summary>By bash as it stands, but for the folder that the guide calls <c>/path/to</c>.</summary>
    /// <param name="folder">Where the shell is, and what stands for <c>/path/to</c>.</param>
    /// <param name="programs">Functions of the shell in place of programs.</param>
    public static async Task<string> RunAsync(string command, string folder, string programs = "")
    {
        var said = await ExternalTool.RunAsync(
            "bash", ["-c", $"{programs}\nset -e; cd \"$1\"; eval \"$2\"", "bash", folder, command.Replace("/path/to", folder, StringComparison.Ordinal)]);
        Assert.True(said.ExitCode == 0, $"{command}\n{said.All}");
        return said.All;
    }

    // A single # also begins a comment within a block.
    static string HeadingOf(Fence fence) => Lines[..(fence.Line - 1)].Last(line => line.StartsWith("##", StringComparison.Ordinal)).TrimStart('#').Trim();
}
