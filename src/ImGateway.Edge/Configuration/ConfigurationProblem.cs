namespace ImGateway.Edge.Configuration;

public enum ProblemKind
{
    /// <summary>An invalid or missing value that prevents the start.</summary>
    Invalid,

    /// <summary>An unknown key: an error for <c>validate</c>, a warning at start.</summary>
    Unknown,

    /// <summary>An unusable value that other programs read too, such as a proxy variable: an error for <c>validate</c>, a warning at start.</summary>
    Ignored,
}

/// <param name="Key">The configuration key, the file or the environment variable.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Remedy">What to do.</param>
/// <param name="Kind">Whether the problem prevents the start.</param>
public sealed record ConfigurationProblem(string Key, string Message, string Remedy, ProblemKind Kind = ProblemKind.Invalid)
{
    /// <summary>The known key of which an unknown key is probably a misspelling; null if there is none.</summary>
    public string? SuggestedKey { get; init; }

    public bool PreventsStart => Kind is not (ProblemKind.Unknown or ProblemKind.Ignored);

    /// <summary>One line; control characters in the key or value are escaped.</summary>
    public override string ToString() => SingleLine.Escape($"{Key}: {Message}; {Remedy}");
}

/// <param name="Options">Null when a problem prevents the start.</param>
/// <param name="Problems">All problems: first values that could not be read, then values that conflict.</param>
/// <param name="Draft">The options as far as they could be read, for further checks of the valid sections.</param>
public sealed record ConfigurationResult(EdgeOptions? Options, IReadOnlyList<ConfigurationProblem> Problems, EdgeOptions Draft)
{
    /// <summary>Whether no problem that prevents the start was found at <paramref name="key"/>, above or below it, or at a misspelling of it.</summary>
    public bool IsValid(string key) => !Problems.Any(problem =>
        problem.PreventsStart && (ConfigurationKey.Overlap(problem.Key, key) || (problem.SuggestedKey is { } meant && ConfigurationKey.Overlap(meant, key))));
}
