namespace ImGateway.Edge.Configuration;

public enum ProblemKind
{
    /// <summary>A value, or its absence, that the edge cannot start with.</summary>
    Invalid,

    /// <summary>A key nobody reads: an error for <c>validate</c>, a warning at start.</summary>
    Unknown,

    /// <summary>What others set too and cannot be used: an error for <c>validate</c>, a warning at start.</summary>
    Ignored,

    /// <summary>A key or value of the contract whose feature has yet to come. Never ignored silently, so an error in both.</summary>
    NotAvailableYet,
}

/// <param name="Key">The configuration key, the file or the environment variable.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Remedy">What to do.</param>
/// <param name="Kind">Whether the edge may start in spite of it.</param>
public sealed record ConfigurationProblem(string Key, string Message, string Remedy, ProblemKind Kind = ProblemKind.Invalid)
{
    /// <summary>The key of which an unknown one is a misspelling; null where it is none.</summary>
    public string? Meant { get; init; }

    public bool PreventsStart => Kind is not (ProblemKind.Unknown or ProblemKind.Ignored);

    /// <summary>One line, whatever characters the key or the value brought along.</summary>
    public override string ToString() => OneLine.From($"{Key}: {Message}; {Remedy}");
}

/// <param name="Options">Null when a problem prevents the start.</param>
/// <param name="Problems">All of them: first what could not be read, then what makes no sense.</param>
/// <param name="Draft">What could be read in spite of the problems, for further checks of the parts that are sound.</param>
public sealed record ConfigurationResult(EdgeOptions? Options, IReadOnlyList<ConfigurationProblem> Problems, EdgeOptions Draft)
{
    /// <summary>Whether nothing that prevents the start was found at <paramref name="key"/>, above or below it, or at a misspelling of it.</summary>
    public bool IsSound(string key) => !Problems.Any(problem =>
        problem.PreventsStart && (ConfigurationKey.Overlap(problem.Key, key) || (problem.Meant is { } meant && ConfigurationKey.Overlap(meant, key))));
}
