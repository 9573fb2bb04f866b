using System.Buffers;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Challenges;

/// <summary>
/// What is to be proved for one name. Token and key authorization are what makes an answer ours, so neither is printed; both come from a CA,
/// so each responder checks what it uses before it reaches a path, a certificate or a program's arguments.
/// </summary>
/// <param name="Host">A wildcard's stands for the challenge of its parent domain (RFC 8555 §7.1.4).</param>
/// <param name="Token">RFC 8555 §8.3: base64url.</param>
/// <param name="KeyAuthorization">Token, point, thumbprint of the account key (RFC 8555 §8.1).</param>
/// <param name="Digest">SHA-256 of the key authorization (RFC 8737 §3).</param>
/// <param name="TxtValue">The digest in base64url (RFC 8555 §8.4).</param>
sealed record ChallengeOffer(HostName Host, string Token, string KeyAuthorization, ReadOnlyMemory<byte> Digest, string TxtValue)
{
    public override string ToString() => $"challenge for {Host}";
}

static class Base64UrlText
{
    /// <summary>CAs send 43 characters or fewer; more than this is no token but an attempt to fill something.</summary>
    public const int LongestToken = 256;

    static readonly SearchValues<char> Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>RFC 4648 §5 without padding, as RFC 8555 §6.1 has it.</summary>
    public static bool IsToken(ReadOnlySpan<char> text) => text.Length is > 0 and <= LongestToken && !text.ContainsAnyExcept(Alphabet);
}
