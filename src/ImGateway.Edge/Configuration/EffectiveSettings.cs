using System.Collections;
using System.Reflection;

namespace ImGateway.Edge.Configuration;

/// <summary>The settings in force as <c>key = value</c> lines, defaults included, secrets masked.</summary>
public static class EffectiveSettings
{
    const string None = "(none)";

    public static IEnumerable<string> Lines(EdgeOptions options) =>
        Lines(options with { Tls = options.Tls with { DefaultHost = options.DefaultHost } }, "Edge").Select(OneLine.From);

    static IEnumerable<string> Lines(object record, string section) =>
        from property in record.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
        where property.CanWrite
        from line in ValueLines(property.GetValue(record), $"{section}:{property.Name}")
        select line;

    static IEnumerable<string> ValueLines(object? value, string key) => value switch
    {
        null or "" => [$"{key} = {None}"],
        TimeSpan duration => [$"{key} = {duration:c}"],
        bool flag => [$"{key} = {(flag ? "true" : "false")}"],
        // As configured: Uri adds a slash.
        Uri url => [$"{key} = {url.GetLeftPart(UriPartial.Authority)}"],
        _ when Leaf.For(value.GetType()) is not null => [$"{key} = {value}"],
        IReadOnlyDictionary<string, string> texts => texts.Count == 0 ? [$"{key} = {None}"] : texts.Select(text => $"{key}:{text.Key} = {text.Value}"),
        IEnumerable list => ListLines([.. list.Cast<object>()], key),
        _ => Lines(value, key),
    };

    static IEnumerable<string> ListLines(IReadOnlyList<object> items, string key) => items.Count == 0
        ? [$"{key} = {None}"]
        : items.SelectMany((item, i) => ValueLines(item, $"{key}:{i}"));
}
