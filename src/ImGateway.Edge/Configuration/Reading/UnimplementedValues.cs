namespace ImGateway.Edge.Configuration.Reading;

/// <summary>Values that are reserved for features not implemented yet: they get an error that says so. A new feature removes its line here.</summary>
static class UnimplementedValues
{
    static readonly (string Key, string Value)[] All = [("Tls:Engine", "Direct")];

    /// <param name="key">The key relative to <c>Edge</c>.</param>
    public static bool Contains(string key, string value) =>
        Array.Exists(All, reserved => reserved.Key.Equals(key, StringComparison.OrdinalIgnoreCase) && reserved.Value.Equals(value, StringComparison.OrdinalIgnoreCase));
}
