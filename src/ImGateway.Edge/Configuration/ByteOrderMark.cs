namespace ImGateway.Edge.Configuration;

/// <summary>The three bytes that some editors write before a text in UTF-8 (RFC 3629 §6). They are no part of it.</summary>
static class ByteOrderMark
{
    static ReadOnlySpan<byte> Utf8 => [0xEF, 0xBB, 0xBF];

    public static ReadOnlySpan<byte> Skip(ReadOnlySpan<byte> text) => text.StartsWith(Utf8) ? text[Utf8.Length..] : text;
}
