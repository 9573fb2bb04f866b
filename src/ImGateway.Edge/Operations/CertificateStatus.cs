using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Operations;

/// <summary>What is served for one configured host, for people and scripts. Everything but the host is null while it has no certificate.</summary>
/// <param name="Name">Of the managed certificate: the host with <c>*</c> written <c>_</c>.</param>
/// <param name="SpkiSha256">Pin of the key (RFC 7469 §2.4): base64 of the SHA-256 of the subject public key info.</param>
/// <param name="DaysLeft">Negative once expired.</param>
/// <param name="ChainLength">Certificates a handshake sends.</param>
public sealed record CertificateStatus(
    string Host,
    string Name,
    IReadOnlyList<string>? SubjectNames = null,
    string? Issuer = null,
    string? SerialNumber = null,
    string? SpkiSha256 = null,
    string? KeyType = null,
    DateTimeOffset? NotBefore = null,
    DateTimeOffset? NotAfter = null,
    double? DaysLeft = null,
    int? ChainLength = null,
    string? Source = null)
{
    public static CertificateStatus Of(HostName host, Credential? credential, string? source, DateTimeOffset now) => credential is null
        ? new CertificateStatus(host.Value, host.CertificateName)
        : new CertificateStatus(
            host.Value,
            host.CertificateName,
            [.. credential.Names.Select(name => name.Value)],
            credential.Leaf.Issuer,
            credential.SerialNumber,
            Convert.ToBase64String(SHA256.HashData(credential.Leaf.PublicKey.ExportSubjectPublicKeyInfo())),
            KeyTypeOf(credential.Leaf),
            credential.NotBefore,
            credential.NotAfter,
            Math.Round((credential.NotAfter - now).TotalDays, 1),
            credential.Issuers.Count + 1,
            source);

    static string KeyTypeOf(X509Certificate2 leaf)
    {
        using var ecdsa = leaf.GetECDsaPublicKey();
        if (ecdsa is not null) return $"P{ecdsa.KeySize}";
        using var rsa = leaf.GetRSAPublicKey();
        return rsa is not null ? $"RSA{rsa.KeySize}" : leaf.GetKeyAlgorithm();
    }
}
