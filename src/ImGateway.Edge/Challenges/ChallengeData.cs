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
sealed record ChallengeData(HostName Host, string Token, string KeyAuthorization, ReadOnlyMemory<byte> Digest, string TxtValue)
{
    public override string ToString() => $"challenge for {Host}";
}
