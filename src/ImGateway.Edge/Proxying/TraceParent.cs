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
    public static string Start() => $"00-{ActivityTraceId.CreateRandom().ToHexString()}-{ActivitySpanId.CreateRandom().ToHexString()}-01";

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
