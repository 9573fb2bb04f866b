using System.Buffers;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Challenges;

/// <summary>
/// The data of one challenge. Token and key authorization authenticate a response, so neither is printed. Both contain input from a CA,
/// so each responder validates what it uses before it reaches a path, a certificate or a program's arguments.
/// </summary>
/// <param name="Host">The host. For a wildcard, the challenge is that of the parent domain (RFC 8555 §7.1.4).</param>
/// <param name="Token">The token in base64url (RFC 8555 §8.3).</param>
/// <param name="KeyAuthorization">Token, dot, thumbprint of the account key (RFC 8555 §8.1).</param>
/// <param name="Digest">SHA-256 of the key authorization (RFC 8737 §3).</param>
/// <param name="TxtValue">The digest in base64url (RFC 8555 §8.4).</param>
sealed record ChallengeOffer(HostName Host, string Token, string KeyAuthorization, ReadOnlyMemory<byte> Digest, string TxtValue)
{
    public override string ToString() => $"challenge for {Host}";
}

static class Base64UrlText
{
    /// <summary>The longest token accepted; CAs send 43 characters or fewer.</summary>
    public const int LongestToken = 256;

    static readonly SearchValues<char> Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>Base64url without padding (RFC 4648 §5, RFC 8555 §6.1).</summary>
    public static bool IsToken(ReadOnlySpan<char> text) => text.Length is > 0 and <= LongestToken && !text.ContainsAnyExcept(Alphabet);
}
