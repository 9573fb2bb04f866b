using System.Collections.Concurrent;
using System.Formats.Asn1;
using System.Text;

namespace ImGateway.Edge.Tls;

/// <summary>
/// Compares distinguished names like OpenSSL, and with it most clients, because CAs encode the same name as PrintableString or UTF8String. ASCII letters
/// are case-insensitive and white space is collapsed, whatever the string type; the order of the parts counts (X509_NAME_cmp(3), cf. RFC 5280 §7.1).
/// </summary>
static class DistinguishedNames
{
    const int T61String = 20, UniversalString = 28, MostKnown = 1000;

    /// <summary>The keys of encoded names: thousands of certificates have the same few issuers.</summary>
    static readonly ConcurrentDictionary<string, string> Known = new(StringComparer.Ordinal);

    static readonly char[] WhiteSpace = [' ', '\t', '\n', '\v', '\f', '\r'];
    static readonly Encoding Utf8 = new UTF8Encoding(false, throwOnInvalidBytes: true);
    static readonly Encoding Utf16 = new UnicodeEncoding(bigEndian: true, byteOrderMark: false, throwOnInvalidBytes: true);
    static readonly Encoding Utf32 = new UTF32Encoding(bigEndian: true, byteOrderMark: false, throwOnInvalidCharacters: true);

    public static bool AreEqual(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other) =>
        one.SequenceEqual(other) || string.Equals(KeyOf(one.ToArray()), KeyOf(other.ToArray()), StringComparison.Ordinal);

    /// <summary>A key that is equal for equal names.</summary>
    /// <param name="name">The encoded name. An invalid one equals only the same bytes.</param>
    public static string KeyOf(byte[] name)
    {
        var encoded = Convert.ToHexString(name);
        if (Known.TryGetValue(encoded, out var known)) return known;
        if (Known.Count >= MostKnown) Known.Clear();
        return Known[encoded] = Create(name);
    }

    static string Create(byte[] name)
    {
        try
        {
            return Convert.ToHexString(Canonical(name));
        }
        catch (Exception e) when (e is AsnContentException or ArgumentException)
        {
            return $"not a name: {Convert.ToHexString(name)}";
        }
    }

    static byte[] Canonical(byte[] name)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        var parts = new AsnReader(name, AsnEncodingRules.BER).ReadSequence();
        using (writer.PushSequence())
        {
            while (parts.HasData)
            {
                var part = parts.ReadSetOf();
                using (writer.PushSetOf())
                {
                    while (part.HasData) WriteAttribute(writer, part.ReadSequence());
                }
            }
        }

        return writer.Encode();
    }

    static void WriteAttribute(AsnWriter writer, AsnReader attribute)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(attribute.ReadObjectIdentifier());
            var tag = attribute.PeekTag();
            if (EncodingOf(tag) is { } encoding) writer.WriteCharacterString(UniversalTagNumber.UTF8String, Plain(encoding.GetString(Content(attribute, tag))));
            else writer.WriteEncodedValue(attribute.ReadEncodedValue().Span);
        }
    }

    static byte[] Content(AsnReader attribute, Asn1Tag tag)
    {
        if (attribute.TryReadPrimitiveCharacterStringBytes(tag, out var content)) return content.ToArray();
        throw new AsnContentException();
    }

    /// <summary>The encoding of a string type; null for other types, which are compared byte for byte. T61String is read as Latin-1, as by OpenSSL.</summary>
    static Encoding? EncodingOf(Asn1Tag tag) => tag.TagClass != TagClass.Universal ? null : tag.TagValue switch
    {
        (int)UniversalTagNumber.UTF8String => Utf8,
        (int)UniversalTagNumber.BMPString => Utf16,
        UniversalString => Utf32,
        (int)UniversalTagNumber.PrintableString or (int)UniversalTagNumber.IA5String or (int)UniversalTagNumber.VisibleString or T61String => Encoding.Latin1,
        _ => null,
    };

    static string Plain(string text)
    {
        var words = text.Split(WhiteSpace, StringSplitOptions.RemoveEmptyEntries);
        return string.Concat(string.Join(' ', words).Select(letter => char.IsAsciiLetterUpper(letter) ? (char)(letter | 0x20) : letter));
    }
}
