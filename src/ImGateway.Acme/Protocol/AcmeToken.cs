using System.Buffers;

namespace ImGateway.Acme.Protocol;

/// <summary>Text in the alphabet of base64url: tokens (RFC 8555 §8.1) and nonces (§6.5.1), which a CA may get wrong on purpose.</summary>
static class AcmeToken
{
    const int MaxLength = 256;

    static readonly SearchValues<char> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    public static bool IsUsable(string text) => text.Length is > 0 and <= MaxLength && !text.AsSpan().ContainsAnyExcept(Alphabet);
}
