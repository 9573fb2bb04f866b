namespace ImGateway.Edge.Configuration;

/// <summary>
/// Keys and values of the contract whose features have yet to come. A feature takes its lines out of here and adds its properties to
/// <see cref="EdgeOptions"/>.
/// </summary>
static class LaterKeys
{
    /// <summary>Relative to <c>Edge</c>; what stands below one belongs to it.</summary>
    public static readonly IReadOnlyList<string> All =
    [
    ];

    static readonly (string Key, string Value)[] Values = [("Tls:Engine", "Direct")];

    public static bool Contains(string key) => All.Contains(key, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether later keys stand below <paramref name="section"/>.</summary>
    public static bool IsSection(string section) => All.Any(key => key.Length > section.Length && ConfigurationKey.IsAtOrUnder(key, section));

    public static bool Contains(string key, string value) =>
        Values.Any(later => later.Key.Equals(key, StringComparison.OrdinalIgnoreCase) && later.Value.Equals(value, StringComparison.OrdinalIgnoreCase));
}
