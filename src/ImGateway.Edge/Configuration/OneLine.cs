using System.Globalization;
using System.Text;

namespace ImGateway.Edge.Configuration;

/// <summary>Text that others chose, made fit for one line of a terminal: it can neither start a second line nor send escape sequences.</summary>
static class OneLine
{
    const int LongestQuote = 80;

    public static string From(string text)
    {
        if (!text.Any(NeedsEscape)) return text;
        var line = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (NeedsEscape(c)) line.Append($"\\u{(int)c:x4}");
            else line.Append(c);
        }

        return line.ToString();
    }

    /// <summary>A configured value as it may stand in a problem: short, and not at all if it could carry a password (RFC 3986 §3.2.1).</summary>
    public static string Quote(string value) =>
        value.Contains('@') ? "the value" : value.Length > LongestQuote ? $"'{value[..LongestQuote]}…'" : $"'{value}'";

    // Separators end a line for many readers, and formats turn the direction of what follows.
    static bool NeedsEscape(char c) => char.GetUnicodeCategory(c) is
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
