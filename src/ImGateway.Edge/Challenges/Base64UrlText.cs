using System.Buffers;

namespace ImGateway.Edge.Challenges;

static class Base64UrlText
{
    /// <summary>The longest token accepted; CAs send 43 characters or fewer.</summary>
    public const int LongestToken = 256;

    static readonly SearchValues<char> Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>Base64url without padding (RFC 4648 §5, RFC 8555 §6.1).</summary>
    public static bool IsToken(ReadOnlySpan<char> text) => text.Length is > 0 and <= LongestToken && !text.ContainsAnyExcept(Alphabet);
}
