using System.Reflection;

namespace ImGateway.Edge.Configuration.Reading;

/// <summary>
/// Reads a configuration section into an immutable record. Unlike ConfigurationBinder, it continues after a problem, and a
/// configured list replaces the default list instead of being appended to it.
/// </summary>
sealed class SectionReader(IConfigurationRoot? root, ProblemCollector problems)
{
    const string Root = "Edge";

    public T Read<T>(IConfigurationSection section) => (T)ReadRecord(typeof(T), section);

    object ReadRecord(Type type, IConfigurationSection section)
    {
        var record = Activator.CreateInstance(type)!;
        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite).ToArray();
        var children = section.GetChildren().ToArray();
        // An environment variable named EDGE has no connection with the section Edge.
        if (!string.IsNullOrEmpty(section.Value) && (section.Path != Root || children.Length == 0))
        {
            problems.Invalid(section.Path, "is one value", $"write a section with {NamesOf(properties)}");
        }

        foreach (var child in children)
        {
            var property = Array.Find(properties, property => property.Name.Equals(child.Key, StringComparison.OrdinalIgnoreCase));
            if (property is null) ReportUnknown(child, section.Path, properties);
            else if (ReadValue(property.PropertyType, child) is { } value) property.SetValue(record, value);
        }

        return record;
    }

    /// <summary>Null keeps the default.</summary>
    object? ReadValue(Type type, IConfigurationSection section)
    {
        var valueType = Nullable.GetUnderlyingType(type) ?? type;
        if (ValueParser.For(valueType) is { } parser) return ParseValue(parser, section);
        if (!valueType.IsGenericType) return ReadRecord(valueType, section);
        return valueType.GetGenericTypeDefinition() == typeof(IReadOnlyList<>)
            ? ReadList(valueType.GenericTypeArguments[0], section)
            : ReadTexts(section);
    }

    object? ParseValue(ValueParser parser, IConfigurationSection section)
    {
        if (section.GetChildren().Any())
        {
            problems.Invalid(section.Path, "is a section or a list", $"{parser.Remedy}, one value");
            return null;
        }

        // JSON null means "not set". An empty variable does not: it overrides the file, and the default may be weaker than the file's value.
        if (section.Value is not { } text) return null;
        if (parser.Parse(text) is { } value) return value;
        if (text.Length == 0) problems.Invalid(section.Path, "is empty", $"{parser.Remedy}, or remove it");
        else problems.Invalid(section.Path, $"{(parser.IsSecret ? "the value" : SingleLine.Quote(text))} is not {parser.What}", parser.Remedy);
        return null;
    }

    object? ReadList(Type itemType, IConfigurationSection section)
    {
        var children = IsEmptied(section) ? [] : section.GetChildren().ToArray();
        if (!string.IsNullOrEmpty(section.Value)) problems.Invalid(section.Path, "is one value", $"write a list, or set {section.Path}:0");
        // JSON null means "not set".
        if (children.Length == 0 && section.Value != "") return null;
        var items = new List<object>(children.Length);
        var keys = new List<string>(children.Length);
        foreach (var child in children)
        {
            if (!int.TryParse(child.Key, out var index) || index < 0)
            {
                problems.Invalid(child.Path, $"{section.Path} is a list", $"write {section.Path}:0, {section.Path}:1, …");
                continue;
            }

            if (string.IsNullOrEmpty(child.Value) && !child.GetChildren().Any())
            {
                problems.Invalid(child.Path, "is empty", "write a value or remove it");
            }
            else if (ReadValue(itemType, child) is { } item)
            {
                items.Add(item);
                keys.Add(child.Path);
            }
        }

        var list = Array.CreateInstance(itemType, items.Count);
        for (var i = 0; i < items.Count; i++) list.SetValue(items[i], i);
        problems.RememberKeys(list, keys);
        return list;
    }

    Dictionary<string, string>? ReadTexts(IConfigurationSection section)
    {
        if (!string.IsNullOrEmpty(section.Value)) problems.Invalid(section.Path, "is one value", "write a section of names and values");
        var texts = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var child in section.GetChildren())
        {
            if (int.TryParse(child.Key, out _)) problems.Invalid(child.Path, "stands in a list", "write a section of names and values");
            else if (child.GetChildren().Any()) problems.Invalid(child.Path, "is a section or a list", "write one text");
            else if (child.Value is { } text) texts[child.Key] = text;
        }

        return texts;
    }

    /// <summary>
    /// Whether the source of highest precedence that sets a list sets it to empty. .NET merges lists by index, so without this check an empty
    /// variable or list could not remove the items of a lower source.
    /// </summary>
    bool IsEmptied(IConfigurationSection section)
    {
        if (section.Value != "" || root is null) return false;
        foreach (var provider in root.Providers.Reverse())
        {
            if (provider.GetChildKeys([], section.Path).Any()) return false;
            if (provider.TryGet(section.Path, out _)) return true;
        }

        return false;
    }

    void ReportUnknown(IConfigurationSection section, string parent, IReadOnlyCollection<PropertyInfo> properties)
    {
        problems.Unknown(
            section.Path,
            NearestKey.Of(section.Path, properties.Select(property => ConfigurationKey.Join(parent, property.Name))),
            properties.Count == 0 ? "remove it" : $"known here are {NamesOf(properties)}");
    }

    static string NamesOf(IEnumerable<PropertyInfo> properties) => string.Join(", ", properties.Select(property => property.Name));
}
