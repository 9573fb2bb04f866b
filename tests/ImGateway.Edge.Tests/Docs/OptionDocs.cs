using System.Collections;
using System.Net;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using System.Xml.XPath;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;

namespace ImGateway.Edge.Tests.Docs;

/// <summary>A key of section <c>Edge</c>, as the code has it.</summary>
/// <param name="Key">With <c>N</c> for the index of a list's item: <c>Edge:Certificates:Files:N:Key</c>.</param>
/// <param name="Default">As JSON; null where there is none.</param>
/// <param name="Example">As JSON; null where there is no other value.</param>
sealed record OptionDoc(string Key, Type Type, string? Default, string Meaning, string? Example)
{
    public string Name => Key[(Key.LastIndexOf(':') + 1)..];

    public string Section => Key[..Key.LastIndexOf(':')];

    public string Indexed => Key.Replace(":N:", ":0:", StringComparison.Ordinal);
}

/// <summary>Reads the option records and their XML documentation.</summary>
static partial class OptionDocs
{
    static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    static readonly XDocument Comments = XDocument.Load(Path.ChangeExtension(typeof(EdgeOptions).Assembly.Location, ".xml"));

    public static IReadOnlyList<OptionDoc> All { get; } = [.. Of(new EdgeOptions(), "Edge")];

    static IEnumerable<OptionDoc> Of(object record, string section)
    {
        foreach (var property in record.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite))
        {
            var key = $"{section}:{property.Name}";
            var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            var value = property.GetValue(record);
            if (ValueParser.For(type) is null && !type.IsGenericType)
            {
                foreach (var below in Of(value!, key)) yield return below;
                continue;
            }

            var comment = Comment(property);
            yield return new OptionDoc(key, type, value is null or "" ? null : Json(value), Text(comment, "summary", key)!, Text(comment, "example", key));
            if (ItemOf(type) is { } item && ValueParser.For(item) is null)
            {
                foreach (var below in Of(Activator.CreateInstance(item)!, key + ":N")) yield return below;
            }
        }
    }

    /// <summary>Null if it is no list.</summary>
    public static Type? ItemOf(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GenericTypeArguments[0] : null;

    public static string TypeName(Type type) => type switch
    {
        _ when ItemOf(type) is { } item => $"list of {Plural(item)}",
        { IsGenericType: true } => "names and texts",
        { IsEnum: true } => string.Join(", ", Enum.GetNames(type).Select(name => $"`{name}`")),
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(int) || type == typeof(long) => "whole number",
        _ when type == typeof(double) => "number",
        _ when type == typeof(TimeSpan) => "duration",
        _ when type == typeof(HostName) => "host name",
        _ => "text",
    };

    static string Plural(Type item) => item switch
    {
        _ when item == typeof(HostName) => "host names",
        _ when item == typeof(Uri) => "URLs",
        _ when item == typeof(IPNetwork) => "networks or addresses",
        _ when item == typeof(ListenAddress) => "`address:port`",
        _ when item == typeof(string) => "texts",
        _ => "sections",
    };

    public static string Json(object value) => value switch
    {
        bool flag => flag ? "true" : "false",
        int or long or double => FormattableString.Invariant($"{value}"),
        TimeSpan duration => Quoted($"{duration:c}"),
        Uri url => Quoted(url.GetLeftPart(UriPartial.Authority)),
        IReadOnlyDictionary<string, string> texts => texts.Count == 0 ? "{}" : JsonSerializer.Serialize(texts, Readable),
        string text => Quoted(text),
        IEnumerable items => $"[{string.Join(", ", items.Cast<object>().Select(Json))}]",
        _ => Quoted($"{value}"),
    };

    static string Quoted(string text) => JsonSerializer.Serialize(text, Readable);

    static XElement Comment(PropertyInfo property) =>
        Comments.XPathSelectElement($"/doc/members/member[@name='P:{property.DeclaringType!.FullName}.{property.Name}']")
        ?? throw new InvalidOperationException($"{property.DeclaringType!.Name}.{property.Name} has no XML comment: docs/configuration.md is made from it");

    static string? Text(XElement comment, string element, string key)
    {
        if (comment.Element(element) is not { } found)
            return element == "example" ? null : throw new InvalidOperationException($"{key} has no summary: docs/configuration.md is made from it");
        var text = string.Concat(found.Nodes().Select(node => node switch
        {
            XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
            XElement { Name.LocalName: "see" } see => $"`{((string)see.Attribute("cref")!).Split('.')[^1]}`",
            XText plain => plain.Value,
            _ => throw new InvalidOperationException($"{key}: {node} cannot be put into docs/configuration.md"),
        }));
        return Blank().Replace(text.Trim(), " ");
    }

    [GeneratedRegex(@"\s+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Blank();
}
