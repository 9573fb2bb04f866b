using System.Buffers;

namespace ImGateway.Edge.Certificates.X509;

/// <summary>
/// A BEGIN or END line of PEM (RFC 7468 §3), or a damaged one: with other dashes than hyphens, or not five of them. Parsed by hand in
/// linear time; <see cref="System.Security.Cryptography.PemEncoding"/> takes minutes for a megabyte of BEGIN lines.
/// </summary>
/// <param name="Start">Index of the first dash.</param>
/// <param name="End">Index after the last dash.</param>
sealed record PemMarker(PemMarkerKind Kind, string Label, int Start, int End)
{
    const string Hyphens = "-----";

    /// <summary>In Latin-1, an en or em dash in UTF-8 is three non-ASCII characters.</summary>
    static readonly SearchValues<char> Dashes = SearchValues.Create(['-', .. Enumerable.Range(0x80, 0x80).Select(code => (char)code)]);

    /// <summary>The first marker in <paramref name="text"/> at or after <paramref name="from"/>; null if there is none.</summary>
    public static PemMarker? FirstIn(string text, int from)
    {
        for (var at = from; (at = text.AsSpan(at).IndexOfAny('B', 'E') is var next and >= 0 ? at + next : -1) >= 0; at++)
        {
            var word = text.AsSpan(at) switch
            {
                var rest when rest.StartsWith("BEGIN ", StringComparison.Ordinal) => "BEGIN ",
                var rest when rest.StartsWith("END ", StringComparison.Ordinal) => "END ",
                _ => null,
            };
            if (word is not null && (Whole(text, at, word) ?? Meant(text, at)) is { } marker) return marker;
        }

        return null;
    }

    /// <summary>Matches a marker surrounded by white space, also within a line: some programs join all lines of a file.</summary>
    static PemMarker? Whole(string text, int at, string word)
    {
        var before = text.AsSpan(0, at);
        if (!before.EndsWith(Hyphens, StringComparison.Ordinal) || (at > Hyphens.Length && !char.IsWhiteSpace(text[at - Hyphens.Length - 1]))) return null;
        var label = at + word.Length;
        var length = text.AsSpan(label).IndexOfAny('-', '\r', '\n');
        if (length < 0 || !text.AsSpan(label + length).StartsWith(Hyphens, StringComparison.Ordinal)) return null;
        var end = label + length + Hyphens.Length;
        if (end < text.Length && !char.IsWhiteSpace(text[end])) return null;
        return new(word is "END " ? PemMarkerKind.End : PemMarkerKind.Begin, text.Substring(label, length), at - Hyphens.Length, end);
    }

    /// <summary>Matches a line that begins with dashes and names a certificate or a key.</summary>
    static PemMarker? Meant(string text, int at)
    {
        var dashes = text.AsSpan(0, at).TrimEnd(" \t");
        var start = dashes.LastIndexOfAnyExcept(Dashes) + 1;
        var before = dashes[..start].TrimEnd(" \t");
        if (dashes.Length - start < 2 || (before.Length > 0 && before[^1] is not ('\n' or '\r'))) return null;
        var line = text.AsSpan(at);
        var label = line[..(line.IndexOfAnyExceptInRange(' ', 'Z') is var end and >= 0 ? end : line.Length)];
        return label.Contains("CERTIFICATE", StringComparison.Ordinal) || label.Contains("PRIVATE KEY", StringComparison.Ordinal)
            ? new(PemMarkerKind.Malformed, "", start, at + label.Length)
            : null;
    }
}

enum PemMarkerKind
{
    Begin,
    End,
    Malformed,
}
