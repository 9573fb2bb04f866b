using System.Buffers;

namespace ImGateway.Edge.Proxying.Checks;

/// <summary>
/// Rejects ambiguous request targets. The edge routes on the raw path and forwards it byte for byte,
/// so a target that an upstream could decode or normalize to another path is rejected here; all others pass unchanged (RFC 9112 §3.2).
/// </summary>
static class TargetCheck
{
    /// <summary>The number of decodings examined; a path that is still escaped afterwards is rejected.</summary>
    const int MaxDecodings = 8;

    const int StackBytes = 512;

    // Printable ASCII except '#', which cannot be part of a target, and space, which ends it in the request line.
    static readonly SearchValues<char> TargetChars = SearchValues.Create(
        [.. Enumerable.Range(0x21, 0x7F - 0x21).Select(c => (char)c).Where(c => c != '#')]);

    // A segment's name may end, for some parsers, at a parameter (RFC 3986 §3.3) or at an escaped delimiter.
    static readonly SearchValues<char> NameEnds = SearchValues.Create(";?#");
    static readonly SearchValues<char> Suspects = SearchValues.Create("%;");

    /// <summary>The target without the authority of an absolute form (RFC 9112 §3.2.2); null for asterisk, authority and other forms.</summary>
    public static string? OriginForm(string rawTarget)
    {
        if (rawTarget is ['/', ..]) return rawTarget;
        var scheme = rawTarget.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0) return null;
        if (!rawTarget.AsSpan(0, scheme).Equals("http", StringComparison.OrdinalIgnoreCase)
            && !rawTarget.AsSpan(0, scheme).Equals("https", StringComparison.OrdinalIgnoreCase)) return null;
        var authority = scheme + 3;
        var end = rawTarget.AsSpan(authority).IndexOfAny('/', '?', '#');
        // Userinfo from an untrusted source is an error (RFC 9110 §4.2.4).
        if (rawTarget.AsSpan(authority, end < 0 ? rawTarget.Length - authority : end).Contains('@')) return null;
        if (end < 0) return "/";
        var rest = rawTarget[(authority + end)..];
        return rest[0] == '/' ? rest : "/" + rest;
    }

    /// <param name="target">The target in origin form.</param>
    public static bool IsUnambiguous(ReadOnlySpan<char> target)
    {
        if (target.ContainsAnyExcept(TargetChars)) return false;
        var path = PathOf(target);
        // Browsers send backslashes in queries unescaped, but never in paths.
        if (path.Contains('\\')) return false;
        return path.ContainsAny(Suspects) ? IsUnambiguousDecoded(path) : !HasDotSegment(path);
    }

    public static ReadOnlySpan<char> PathOf(ReadOnlySpan<char> target)
    {
        var query = target.IndexOf('?');
        return query < 0 ? target : target[..query];
    }

    static bool IsUnambiguousDecoded(ReadOnlySpan<char> path)
    {
        if (HasBadEscape(path) || HasDotSegment(path)) return false;
        char[]? rented = null;
        var buffer = path.Length <= StackBytes ? stackalloc char[StackBytes] : rented = ArrayPool<char>.Shared.Rent(path.Length);
        try
        {
            path.CopyTo(buffer);
            var current = buffer[..path.Length];
            for (var decodings = 0; current.Contains('%'); decodings++)
            {
                var decoded = Decode(current);
                if (decoded == current.Length) return true;
                current = current[..decoded];
                if (current.Contains('\0') || HasDotSegment(current) || HasOverlong(current) || decodings == MaxDecodings) return false;
            }

            return true;
        }
        finally
        {
            if (rented is not null) ArrayPool<char>.Shared.Return(rented);
        }
    }

    static bool HasBadEscape(ReadOnlySpan<char> path)
    {
        for (var at = path.IndexOf('%'); at >= 0; at = path.IndexOf('%'))
        {
            if (at + 2 >= path.Length || !char.IsAsciiHexDigit(path[at + 1]) || !char.IsAsciiHexDigit(path[at + 2])) return true;
            path = path[(at + 3)..];
        }

        return false;
    }

    static bool HasDotSegment(ReadOnlySpan<char> path)
    {
        while (true)
        {
            var end = path.IndexOfAny('/', '\\');
            var segment = end < 0 ? path : path[..end];
            if (segment is ['.', ..])
            {
                var nameEnd = segment.IndexOfAny(NameEnds);
                if ((nameEnd < 0 ? segment : segment[..nameEnd]) is "." or "..") return true;
            }

            if (end < 0) return false;
            path = path[(end + 1)..];
        }
    }

    /// <summary>
    /// Overlong UTF-8 is invalid (RFC 3629 §10), but lenient parsers decode it, for example <c>C0 AE</c>
    /// to a dot. <c>C0</c> and <c>C1</c> occur in no valid sequence. Characters above ASCII are decoded bytes, one byte each.
    /// </summary>
    static bool HasOverlong(ReadOnlySpan<char> path)
    {
        for (var at = path.IndexOfAnyInRange('\u00c0', '\u00fc'); at >= 0; at = path.IndexOfAnyInRange('\u00c0', '\u00fc'))
        {
            var next = at + 1 < path.Length ? path[at + 1] : default;
            if (path[at] is '\u00c0' or '\u00c1') return true;
            var mostOverlong = path[at] switch
            {
                '\u00e0' => '\u009f',
                '\u00f0' => '\u008f',
                '\u00f8' => '\u0087',
                '\u00fc' => '\u0083',
                _ => default,
            };
            if (next >= '\u0080' && next <= mostOverlong) return true;
            path = path[(at + 1)..];
        }

        return false;
    }

    /// <summary>Decodes escapes once and in place, leaving invalid ones; returns the new length.</summary>
    static int Decode(Span<char> text)
    {
        var length = 0;
        for (var i = 0; i < text.Length; i++, length++)
        {
            if (text[i] == '%' && i + 2 < text.Length && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2]))
            {
                text[length] = (char)((HexValue(text[i + 1]) << 4) | HexValue(text[i + 2]));
                i += 2;
            }
            else
            {
                text[length] = text[i];
            }
        }

        return length;
    }

    static int HexValue(char digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
