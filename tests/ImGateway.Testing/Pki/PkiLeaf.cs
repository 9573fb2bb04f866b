using System.Security.Cryptography;
using ImGateway.Edge.Configuration;

namespace ImGateway.Testing;

/// <summary>What a <see cref="TestCa"/> is asked to issue: an ordinary TLS server certificate unless a test bends one of these.</summary>
public sealed record PkiLeaf
{
    public const string ServerAuth = "1.3.6.1.5.5.7.3.1";
    public const string ClientAuth = "1.3.6.1.5.5.7.3.2";

    /// <summary>DNS names, wildcards and IP addresses of the SAN; none leaves the extension out.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    public KeyType KeyType { get; init; } = KeyType.P256;

    /// <summary>Overrides <see cref="KeyType"/>: weak keys, odd curves, a key used before. Not disposed by the CA.</summary>
    public AsymmetricAlgorithm? Key { get; init; }

    /// <summary>Default an hour ago.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Default 90 days after <see cref="NotBefore"/>.</summary>
    public DateTimeOffset? NotAfter { get; init; }

    /// <summary>Default empty, as some CAs issue them.</summary>
    public string Subject { get; init; } = "";

    /// <summary>Extended key usages; none leaves the extension out.</summary>
    public IReadOnlyList<string> Usages { get; init; } = [ServerAuth];

    public bool IsCa { get; init; }

    /// <summary>OCSP URLs of the authority information access extension; none leaves it out.</summary>
    public IReadOnlyList<string> OcspResponders { get; init; } = [];

    /// <summary>Where the issuer's certificate can be had, as the authority information access extension says; none leaves it out.</summary>
    public IReadOnlyList<string> CaIssuers { get; init; } = [];

    /// <summary>TLS feature extension with <c>status_request</c> (RFC 7633).</summary>
    public bool MustStaple { get; init; }

    /// <summary>SHA-1 needs an issuer with an RSA key.</summary>
    public HashAlgorithmName Hash { get; init; } = HashAlgorithmName.SHA256;
}
