using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Tls;

/// <summary>
/// A private key and its certificate chain, validated and ready for TLS. Immutable; lives as long as it is served.
/// The key is never printed.
/// </summary>
public sealed class Credential
{
    const string RsaPss = "1.2.840.113549.1.1.10";

    readonly X509Certificate2[] _issuers;
    readonly X509Certificate2? _root;

    /// <param name="leaf">The end-entity certificate with its private key.</param>
    /// <param name="issuers">The delivered issuers, each the issuer of the one before; a self-signed root, the issuer of any of them, may be the last.</param>
    /// <param name="names">The names that the certificate covers (its SAN, RFC 9525 §2).</param>
    public Credential(X509Certificate2 leaf, IReadOnlyList<X509Certificate2> issuers, IReadOnlyList<HostName> names)
    {
        Leaf = leaf;
        Names = names;
        // The root is omitted (RFC 8446 §4.4.2): clients must have it anyway, and the handshake is smaller.
        _root = issuers is [.., var last] && IsItsOwnIssuer(last) ? last : null;
        _issuers = [.. _root is null ? issuers : issuers.SkipLast(1)];
        Fingerprint = leaf.GetCertHashString(HashAlgorithmName.SHA256);
        NotBefore = new DateTimeOffset(leaf.NotBefore.ToUniversalTime());
        NotAfter = new DateTimeOffset(leaf.NotAfter.ToUniversalTime());
    }

    public X509Certificate2 Leaf { get; }

    /// <summary>The intermediates that a handshake sends after the end-entity certificate.</summary>
    public IReadOnlyList<X509Certificate2> Issuers => _issuers;

    /// <summary>The certificates as delivered, including a root, so that another check gives the same result.</summary>
    internal IEnumerable<X509Certificate2> Delivered => [Leaf, .. _issuers, .. _root is null ? [] : new[] { _root }];

    public IReadOnlyList<HostName> Names { get; }

    /// <summary>Whether the delivered certificates lead to a root, determined when they were read.</summary>
    public ChainState Chain { get; init; }

    public DateTimeOffset NotBefore { get; }

    public DateTimeOffset NotAfter { get; }

    /// <summary>SHA-256 of the end-entity certificate in hexadecimal.</summary>
    internal string Fingerprint { get; }

    /// <summary>Whether the certificate names itself as its issuer.</summary>
    internal bool IsSelfSigned => _issuers.Length == 0 && _root is null && IsItsOwnIssuer(Leaf);

    public string SerialNumber => Leaf.SerialNumber;

    /// <summary>Whether clients receive the same certificates.</summary>
    internal bool HasSameCertificates(Credential other) =>
        Delivered.Select(certificate => certificate.Thumbprint)
            .SequenceEqual(other.Delivered.Select(certificate => certificate.Thumbprint), StringComparer.Ordinal);

    /// <summary>
    /// Equal for certificates whose handshakes succeed or fail alike with one TLS library and policy: key type and parameters, signature algorithm, and issuers
    /// are the same. Only an RSASSA-PSS signature has parameters of its own, so such certificates are not compared.
    /// </summary>
    internal string Kind => Leaf.SignatureAlgorithm.Value == RsaPss
        ? Fingerprint
        : string.Join(':',
            [
                Leaf.PublicKey.Oid.Value!,
                Convert.ToHexString(Leaf.PublicKey.EncodedParameters?.RawData ?? []),
                // The length of an RSA key to a byte: a bit string of the modulus.
                $"{Leaf.PublicKey.EncodedKeyValue.RawData.Length}",
                Leaf.SignatureAlgorithm.Value!,
                .. _issuers.Select(issuer => issuer.Thumbprint),
            ]);

    public bool Covers(HostName host) => Names.Any(name => name.Matches(host));

    static bool IsItsOwnIssuer(X509Certificate2 certificate) => DistinguishedNames.AreEqual(certificate.SubjectName.RawData, certificate.IssuerName.RawData);

    public override string ToString() => $"certificate {SerialNumber} for {string.Join(", ", Names)}, valid until {NotAfter:u}";
}
