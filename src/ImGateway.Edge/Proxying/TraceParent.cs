using System.Diagnostics;

namespace ImGateway.Edge.Proxying;

/// <summary>The header of W3C Trace Context, level 1: kept if valid, else started here.</summary>
static class TraceParent
{
    const int Length = 55;

    public static bool IsValid(string? header)
    {
        if (header is null || header.Length < Length) return false;
        var text = header.AsSpan();
        var version = text[..2];
        // Later versions may append fields; version ff is forbidden.
        if (!IsLowerHex(version) || version is "ff" || (version is "00" ? text.Length != Length : text.Length > Length && text[Length] != '-')) return false;
        return text[2] == '-' && text[35] == '-' && text[52] == '-'
            && IsId(text[3..35]) && IsId(text[36..52]) && IsLowerHex(text[53..55]);
    }

    /// <summary>Sampled, so that upstreams which follow their caller record what they would have recorded without the edge.</summary>
    public static string Start() => string.Create(Length, (ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom()), static (text, ids) =>
    {
        Span<byte> bytes = stackalloc byte[16];
        "00-".CopyTo(text);
        ids.Item1.CopyTo(bytes);
        Convert.TryToHexStringLower(bytes, text[3..], out _);
        text[35] = '-';
        ids.Item2.CopyTo(bytes[..8]);
        Convert.TryToHexStringLower(bytes[..8], text[36..], out _);
        "-01".CopyTo(text[52..]);
    });

    static bool IsId(ReadOnlySpan<char> id) => IsLowerHex(id) && id.ContainsAnyExcept('0');

    static bool IsLowerHex(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiHexDigitLower(c)) return false;
        }

        return true;
    }
}
