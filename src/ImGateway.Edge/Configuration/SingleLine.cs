using System.Globalization;
using System.Text;

namespace ImGateway.Edge.Configuration;

/// <summary>Sanitizes untrusted text for one terminal or log line: no line breaks, no escape sequences.</summary>
static class SingleLine
{
    const int LongestQuote = 80;

    /// <param name="longest">The text is truncated to this length before it is escaped, so that no escape sequence is cut.</param>
    public static string EscapeAtMost(string text, int longest) => Escape(text.Length > longest ? text[..longest] + "…" : text);

    public static string Escape(string text)
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

    /// <summary>A configured value for an error message: truncated, and omitted if it could contain a password (RFC 3986 §3.2.1).</summary>
    public static string Quote(string value) =>
        value.Contains('@') ? "the value" : value.Length > LongestQuote ? $"'{value[..LongestQuote]}…'" : $"'{value}'";

    // Line and paragraph separators break lines in many viewers; format characters can change the text direction.
    static bool NeedsEscape(char c) => char.GetUnicodeCategory(c) is
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
