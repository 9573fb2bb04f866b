using System.Buffers;

namespace ImGateway.Acme.Protocol;

/// <summary>Validates base64url text from a CA: tokens (RFC 8555 §8.1) and nonces (§6.5.1). A hostile CA could send path or header characters.</summary>
static class AcmeToken
{
    const int MaxLength = 256;

    static readonly SearchValues<char> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    public static bool IsUsable(string text) => text.Length is > 0 and <= MaxLength && !text.AsSpan().ContainsAnyExcept(Alphabet);
}
