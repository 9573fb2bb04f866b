using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Tests.Challenges;

/// <summary>Offers as an ACME client makes them of a CA's token (RFC 8555 §8.1).</summary>
static class Offers
{
    const string Thumbprint = "LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ";

    public static ChallengeData For(string host, string? token = null)
    {
        token ??= Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var authorization = $"{token}.{Thumbprint}";
        var digest = SHA256.HashData(Encoding.ASCII.GetBytes(authorization));
        return new ChallengeData(HostName.Parse(host), token, authorization, digest, Base64Url.EncodeToString(digest));
    }
}
