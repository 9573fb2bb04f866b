using System.Collections;
using System.Reflection;

namespace ImGateway.Edge.Configuration.Reading;

/// <summary>One value of a configuration.</summary>
/// <param name="Key">The configuration key.</param>
/// <param name="Text">The value with secrets masked.</param>
/// <param name="List">The key of the list that contains the value.</param>
readonly record struct Setting(string Key, string Text, string? List = null)
{
    /// <summary>The secret that the text masks.</summary>
    public Secret? Secret { get; init; }
}

/// <summary>The settings in force as <c>key = value</c> lines, defaults included, secrets masked.</summary>
public static class EffectiveSettings
{
    public const string None = "(none)";

    /// <summary>Environment variables in effect follow the settings.</summary>
    public static IEnumerable<string> Lines(EdgeOptions options) =>
        Of(options with { Tls = options.Tls with { DefaultHost = options.DefaultHost } }).Select(setting => $"{setting.Key} = {setting.Text}")
            .Concat(options.ProxyEnvironment.Lines()).Select(SingleLine.Escape);

    internal static IEnumerable<Setting> Of(EdgeOptions options) => Settings(options, "Edge");

    static IEnumerable<Setting> Settings(object record, string section) =>
        from property in record.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
        where property.CanWrite
        from setting in Settings(property.GetValue(record), $"{section}:{property.Name}", list: null)
        select setting;

    static IEnumerable<Setting> Settings(object? value, string key, string? list) => value switch
    {
        null or "" => [new(key, None, list)],
        TimeSpan duration => [new(key, $"{duration:c}", list)],
        bool flag => [new(key, flag ? "true" : "false", list)],
        // The original string, because Uri appends a slash.
        Uri url => [new(key, url.GetLeftPart(UriPartial.Authority), list)],
        OutgoingProxyAddress proxy => [new(key, $"{proxy}", list) { Secret = proxy.Login }],
        _ when ValueParser.For(value.GetType()) is not null => [new(key, $"{value}", list) { Secret = value as Secret }],
        IReadOnlyDictionary<string, string> texts => texts.Count == 0 ? [new(key, None)] : texts.Select(text => new Setting($"{key}:{text.Key}", text.Value)),
        IEnumerable items => Items([.. items.Cast<object>()], key),
        _ => Settings(value, key),
    };

    static IEnumerable<Setting> Items(IReadOnlyList<object> items, string key) => items.Count == 0
        ? [new(key, None, key)]
        : items.SelectMany((item, i) => Settings(item, $"{key}:{i}", key));
}
