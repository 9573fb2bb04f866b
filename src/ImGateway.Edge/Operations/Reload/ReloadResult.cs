
namespace ImGateway.Edge.Operations.Reload;

/// <summary>The result of a reload: the changes, or the problems, one line each.</summary>
/// <param name="Warnings">Warnings about the configuration in force.</param>
/// <param name="Problems">Empty if the configuration is in force.</param>
/// <param name="Since">When, and by which trigger, the configuration in force was read.</param>
public sealed record ReloadResult(IReadOnlyList<string> Changes, IReadOnlyList<string> Warnings, IReadOnlyList<string> Problems, string Since = "")
{
    /// <summary>Certificate files that are still refused after another check.</summary>
    public IReadOnlyList<string> RefusedFiles { get; init; } = [];

    public bool Succeeded => Problems.Count == 0;

    public static ReloadResult Refused(IEnumerable<string> problems) => new([], [], [.. problems]);
}
