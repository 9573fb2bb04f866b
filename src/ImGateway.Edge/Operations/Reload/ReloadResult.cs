namespace ImGateway.Edge.Operations.Reload;

/// <summary>What came of a reload: what changed, or why nothing did. One line each.</summary>
/// <param name="Warnings">Of a configuration that is in force all the same.</param>
/// <param name="Problems">None: it is in force.</param>
/// <param name="Since">When and by whom what is in force was read.</param>
public sealed record ReloadResult(IReadOnlyList<string> Changes, IReadOnlyList<string> Warnings, IReadOnlyList<string> Problems, string Since = "")
{
    /// <summary>Certificate files that are still not put to use, after they were judged again.</summary>
    public IReadOnlyList<string> RefusedFiles { get; init; } = [];

    public bool Succeeded => Problems.Count == 0;

    public static ReloadResult Refused(IEnumerable<string> problems) => new([], [], [.. problems]);
}
