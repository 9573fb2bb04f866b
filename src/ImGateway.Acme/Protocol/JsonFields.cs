using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace ImGateway.Acme.Protocol;

/// <summary>
/// A JSON object from a CA. An optional field of a wrong type counts as missing; a missing required field fails the operation.
/// Unknown fields are ignored. Text is sanitized, URLs are validated.
/// </summary>
/// <param name="json">The JSON object.</param>
/// <param name="response">The response that contained it, for error messages.</param>
sealed class JsonFields(JsonElement json, AcmeResponse response)
{
    static readonly SearchValues<char> EndsLink = SearchValues.Create(" \t\r\n\"'<>`");

    public string? Text(string name) => RawText(name) is { } text ? CaText.Clean(text) : null;

    public string RequiredText(string name) => Text(name) ?? throw Missing(name);

    public Uri? Url(string name) => RawText(name) is { } text ? CaUrl.Parse(text) : null;

    public Uri RequiredUrl(string name) =>
        CaUrl.Parse(RawText(name) ?? throw Missing(name)) ?? throw response.Failure($"its \"{name}\" is not a usable https URL");

    public bool Flag(string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    public int? Integer(string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;

    public DateTimeOffset? Date(string name) => RawText(name) is { } text
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date) ? date : null;

    public DateTimeOffset RequiredDate(string name) => Date(name) ?? throw Missing(name);

    public JsonFields? Object(string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object ? new JsonFields(value, response) : null;

    public JsonFields RequiredObject(string name) => Object(name) ?? throw Missing(name);

    /// <summary>The elements of an array that are objects.</summary>
    public IEnumerable<JsonFields> Objects(string name) => Elements(name)
        .Where(element => element.ValueKind == JsonValueKind.Object)
        .Select(element => new JsonFields(element, response));

    public IEnumerable<JsonFields> RequiredObjects(string name) => IsArray(name) ? Objects(name) : throw Missing(name);

    /// <summary>The first https URL in a human-readable text, complete even where <see cref="Text"/> would truncate it.</summary>
    public Uri? LinkIn(string name)
    {
        var text = RawText(name) ?? "";
        var start = text.IndexOf("https://", StringComparison.Ordinal);
        if (start < 0) return null;
        var rest = text.AsSpan(start);
        var end = rest.IndexOfAny(EndsLink);
        return CaUrl.Parse((end < 0 ? rest : rest[..end]).TrimEnd(".,;:!?)]}").ToString());
    }

    public IReadOnlyList<string> Texts(string name) => [.. Elements(name).Select(AsText).OfType<string>().Select(CaText.Clean)];

    public IReadOnlyList<Uri> Urls(string name) =>
        [.. Elements(name).Select(element => AsText(element) is { } text && CaUrl.Parse(text) is { } url
            ? url
            : throw response.Failure($"one of its \"{name}\" is not a usable https URL"))];

    public IReadOnlyDictionary<string, string> TextByName()
    {
        Dictionary<string, string> texts = [];
        foreach (var property in json.EnumerateObject())
        {
            if (AsText(property.Value) is { } text && NameOf(property) is { } name) texts[CaText.Clean(name)] = CaText.Clean(text);
        }

        return texts;
    }

    /// <summary>The <c>status</c> field; a value that is not in the enumeration is <c>Unknown</c> (0).</summary>
    public T Status<T>() where T : struct, Enum
    {
        var status = RawText("status") ?? throw Missing("status");
        var lowerCase = !status.AsSpan().ContainsAnyExceptInRange('a', 'z');
        return Enum.GetValues<T>().FirstOrDefault(value => lowerCase && status.Equals(value.ToString(), StringComparison.OrdinalIgnoreCase));
    }

    AcmeException Missing(string name) => response.Failure($"\"{name}\" is missing, or of a wrong type");

    string? RawText(string name) => json.TryGetProperty(name, out var value) ? AsText(value) : null;

    bool IsArray(string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array;

    IEnumerable<JsonElement> Elements(string name) => IsArray(name) ? json.GetProperty(name).EnumerateArray() : [];

    static string? AsText(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String) return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate or invalid UTF-8, which the parser does not check.
            return null;
        }
    }

    static string? NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
