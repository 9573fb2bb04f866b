using System.Text;

namespace ImGateway.Edge.Proxying.Checks;

/// <summary>
/// Rejects a Content-Length that is not digits only (RFC 9110 §8.6). Kestrel itself accepts <c>+5</c> and keeps only the number; but it requests an
/// encoding for the value first, and rejects the decoded text if it is not a number.
/// </summary>
sealed class DigitsOnlyEncoding : Encoding
{
    const char NoDigit = '?';

    public static DigitsOnlyEncoding Instance { get; } = new();

    /// <summary>Kestrel's buffer has room for the digits of a number: leading zeros are omitted, and a value that is still longer is not a number.</summary>
    public override int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars)
    {
        if (bytes.Length > chars.Length) bytes = bytes.TrimStart((byte)'0');
        if (bytes.Length > chars.Length) bytes = [(byte)NoDigit];
        for (var i = 0; i < bytes.Length; i++) chars[i] = char.IsAsciiDigit((char)bytes[i]) ? (char)bytes[i] : NoDigit;
        return bytes.Length;
    }

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) =>
        GetChars(bytes.AsSpan(byteIndex, byteCount), chars.AsSpan(charIndex));

    public override int GetCharCount(byte[] bytes, int index, int count) => count;

    public override int GetMaxCharCount(int byteCount) => byteCount;

    public override int GetByteCount(char[] chars, int index, int count) => Latin1.GetByteCount(chars, index, count);

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) => Latin1.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

    public override int GetMaxByteCount(int charCount) => Latin1.GetMaxByteCount(charCount);
}
