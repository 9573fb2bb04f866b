namespace ImGateway.Edge.Configuration;

/// <summary>Collects all problems of one reading, and reports each mistake once.</summary>
sealed class ProblemCollector
{
    readonly List<ConfigurationProblem> _problems = [];
    readonly Dictionary<string, int> _suggested = new(StringComparer.OrdinalIgnoreCase);
    readonly Dictionary<object, IReadOnlyList<string>> _itemKeys = new(ReferenceEqualityComparer.Instance);

    public IReadOnlyList<ConfigurationProblem> All => _problems;

    public void Invalid(string key, string message, string remedy) => _problems.Add(new(key, message, remedy));

    public void Unknown(string key, string? nearest, string remedy)
    {
        if (nearest is not null) _suggested.TryAdd(nearest, _problems.Count);
        _problems.Add(new(key, "unknown key", nearest is null ? remedy : $"did you mean {nearest}?", ProblemKind.Unknown) { SuggestedKey = nearest });
    }

    public void Ignored(string key, string message, string remedy) => _problems.Add(new(key, message, remedy, ProblemKind.Ignored));

    /// <summary>Reports a missing required key, unless another problem explains it.</summary>
    public void Missing(string key, string remedy)
    {
        if (IsValid(key) && !IsMisspelled(key)) Invalid(key, "is required", remedy);
    }

    /// <summary>
    /// Whether an unknown key is probably a misspelling of this required key or of a section that contains it; if so, that is the error to report.
    /// </summary>
    public bool IsMisspelled(string key)
    {
        var meant = _suggested.Where(suggested => ConfigurationKey.IsAtOrUnder(key, suggested.Key)).Select(suggested => suggested.Value).ToList();
        foreach (var index in meant) _problems[index] = _problems[index] with { Kind = ProblemKind.Invalid };
        return meant.Count > 0;
    }

    public bool IsValid(string key) => !_problems.Any(problem => problem.PreventsStart && ConfigurationKey.Overlap(problem.Key, key));

    /// <summary>Records the key of each item of a list: invalid items are omitted from the list, and indexes may have gaps.</summary>
    public void RememberKeys(object list, IReadOnlyList<string> keys) => _itemKeys[list] = keys;

    public string KeyOf<T>(IReadOnlyList<T> list, int index, string section) =>
        _itemKeys.TryGetValue(list, out var keys) ? keys[index] : $"{section}:{index}";
}
