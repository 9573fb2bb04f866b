namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>A difference that docs/migrate-from-nginx.md names, and which facts it explains.</summary>
/// <param name="Title">As on the page.</param>
/// <param name="Facts">Of <see cref="Observation.Facts"/>; none = all.</param>
sealed record Difference(string Title, params string[] Facts)
{
    /// <summary>Where it holds without being named for the exchange; null: only where it is.</summary>
    public Func<Exchange, Observation, Observation, bool>? Everywhere { get; init; }

    public bool Explains(Inequality inequality) => Facts.Length == 0 || Facts.Contains(inequality.Fact);

    public override string ToString() => Title;
}
