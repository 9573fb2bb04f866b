using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Tls;

/// <summary>
/// A key and its chain, checked and ready for TLS. Immutable; lives as long as something serves it.
/// Has no printable form of its key.
/// </summary>
public sealed class Credential
{
    readonly X509Certificate2[] _issuers;
    readonly X509Certificate2? _root;

    /// <param name="leaf">With its private key.</param>
    /// <param name="issuers">As delivered, each the issuer of the one before; a self-signed root may end them, the issuer of any.</param>
    /// <param name="names">What the leaf's subject alternative names cover: names come from there alone (RFC 9525 §2).</param>
    public Credential(X509Certificate2 leaf, IReadOnlyList<X509Certificate2> issuers, IReadOnlyList<HostName> names)
    {
        Leaf = leaf;
        Names = names;
        // A root is what the client must already have; RFC 8446 §4.4.2 lets it be left out, and a handshake is cheaper without.
        _root = issuers is [.., var last] && IsItsOwnIssuer(last) ? last : null;
        _issuers = [.. _root is null ? issuers : issuers.SkipLast(1)];
        Fingerprint = leaf.GetCertHashString(HashAlgorithmName.SHA256);
        NotBefore = new DateTimeOffset(leaf.NotBefore.ToUniversalTime());
        NotAfter = new DateTimeOffset(leaf.NotAfter.ToUniversalTime());
    }

    public X509Certificate2 Leaf { get; }

    /// <summary>The intermediates a handshake sends after the leaf.</summary>
    public IReadOnlyList<X509Certificate2> Issuers => _issuers;

    /// <summary>Leaf and issuers as delivered, a root included: what proves itself wherever it is checked again.</summary>
    internal IEnumerable<X509Certificate2> Delivered => [Leaf, .. _issuers, .. _root is null ? [] : new[] { _root }];

    public IReadOnlyList<HostName> Names { get; }

    /// <summary>Whether the delivered certificates lead to a root, as was found when they were read.</summary>
    public ChainState Chain { get; init; }

    public DateTimeOffset NotBefore { get; }

    public DateTimeOffset NotAfter { get; }

    /// <summary>SHA-256 of the leaf, in hexadecimal: equal for equal certificates, wherever they were read.</summary>
    internal string Fingerprint { get; }

    /// <summary>Whether the leaf is its own issuer, by name.</summary>
    internal bool IsSelfSigned => _issuers.Length == 0 && _root is null && IsItsOwnIssuer(Leaf);

    public string SerialNumber => Leaf.SerialNumber;

    /// <summary>Whether clients are shown the same certificates.</summary>
    internal bool ShowsTheSameAs(Credential other) =>
        Delivered.Select(certificate => certificate.Thumbprint)
            .SequenceEqual(other.Delivered.Select(certificate => certificate.Thumbprint), StringComparer.Ordinal);

    public bool Covers(HostName host) => Names.Any(name => name.Matches(host));

    static bool IsItsOwnIssuer(X509Certificate2 certificate) => DistinguishedNames.AreEqual(certificate.SubjectName.RawData, certificate.IssuerName.RawData);

    public override string ToString() => $"certificate {SerialNumber} for {string.Join(", ", Names)}, valid until {NotAfter:u}";
}
