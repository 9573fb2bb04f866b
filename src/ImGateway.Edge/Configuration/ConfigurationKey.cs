namespace ImGateway.Edge.Configuration;

/// <summary>Configuration keys of .NET: segments joined by colons, case-insensitive.</summary>
static class ConfigurationKey
{
    public static string Join(string parent, string name) => parent.Length == 0 ? name : $"{parent}:{name}";

    public static bool Overlap(string one, string other) => IsAtOrUnder(one, other) || IsAtOrUnder(other, one);

    public static bool IsAtOrUnder(string key, string section) =>
        key.StartsWith(section, StringComparison.OrdinalIgnoreCase) && (key.Length == section.Length || key[section.Length] == ':');
}
