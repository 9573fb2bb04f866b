namespace ImGateway.Edge.Configuration.Reading;

/// <summary>Documented values whose features are not implemented yet. A new feature removes its line here.</summary>
static class UnimplementedValues
{
    static readonly (string Key, string Value)[] All = [("Tls:Engine", "Direct")];

    /// <param name="key">The key relative to <c>Edge</c>.</param>
    public static bool Contains(string key, string value) =>
        Array.Exists(All, later => later.Key.Equals(key, StringComparison.OrdinalIgnoreCase) && later.Value.Equals(value, StringComparison.OrdinalIgnoreCase));
}
