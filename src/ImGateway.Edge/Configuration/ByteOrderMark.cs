namespace ImGateway.Edge.Configuration;

/// <summary>The UTF-8 byte order mark, which some editors write at the start of a file (RFC 3629 §6). It is not part of the text.</summary>
static class ByteOrderMark
{
    static ReadOnlySpan<byte> Utf8 => [0xEF, 0xBB, 0xBF];

    public static ReadOnlySpan<byte> Skip(ReadOnlySpan<byte> text) => text.StartsWith(Utf8) ? text[Utf8.Length..] : text;
}
