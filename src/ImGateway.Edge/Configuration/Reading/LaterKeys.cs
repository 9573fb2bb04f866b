namespace ImGateway.Edge.Configuration.Reading;

/// <summary>
/// Documented keys and values whose features are not implemented yet. A new feature removes its lines here and adds properties to
/// <see cref="EdgeOptions"/>.
/// </summary>
static class LaterKeys
{
    /// <summary>Keys relative to <c>Edge</c>, including everything below them.</summary>
    public static readonly IReadOnlyList<string> All =
    [
    ];

    static readonly (string Key, string Value)[] Values = [("Tls:Engine", "Direct")];

    public static bool Contains(string key) => All.Contains(key, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether <paramref name="section"/> contains such keys.</summary>
    public static bool IsSection(string section) => All.Any(key => key.Length > section.Length && ConfigurationKey.IsAtOrUnder(key, section));

    public static bool Contains(string key, string value) =>
        Values.Any(later => later.Key.Equals(key, StringComparison.OrdinalIgnoreCase) && later.Value.Equals(value, StringComparison.OrdinalIgnoreCase));
}
