using System.Globalization;
using System.Text;

namespace ImGateway.Acme.Protocol;

/// <summary>Sanitizes text from a CA for logs and terminals.</summary>
static class CaText
{
    const int MaxLength = 1000;

    /// <summary>Truncates the text, and replaces control characters, line breaks and bidirectional formatting characters by spaces.</summary>
    public static string Clean(string text)
    {
        var clean = new StringBuilder(Math.Min(text.Length, MaxLength));
        foreach (var rune in text.EnumerateRunes())
        {
            if (clean.Length >= MaxLength)
            {
                clean.Append('…');
                break;
            }

            var moves = Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse;
            if (moves) clean.Append(' ');
            else clean.Append(rune);
        }

        return clean.ToString().Trim();
    }
}
