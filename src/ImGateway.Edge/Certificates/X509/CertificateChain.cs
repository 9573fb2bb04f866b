using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.X509;

/// <summary>An end-entity certificate and its issuers, ordered by issuer and signature, independent of the order in the file.</summary>
/// <param name="Issuers">Intermediates: each has signed the certificate before it (verified); none is self-signed.</param>
/// <param name="Root">The self-signed issuer of one of them, not sent because clients have it. Null if the file has none.</param>
/// <param name="Impostors">Certificates with the name of the missing issuer that did not make the signature.</param>
/// <param name="Unrelated">Certificates that are not part of the chain.</param>
sealed record CertificateChain(
    X509Certificate2 Leaf,
    IReadOnlyList<X509Certificate2> Issuers,
    X509Certificate2? Root,
    IReadOnlyList<X509Certificate2> Impostors,
    IReadOnlyList<X509Certificate2> Unrelated)
{
    public X509Certificate2 Last => Issuers is [.., var last] ? last : Leaf;

    /// <summary>The certificates that a handshake sends.</summary>
    public IEnumerable<X509Certificate2> Sent => Issuers.Prepend(Leaf);

    /// <summary>The certificates stored with the end-entity certificate, including the root, so that the stored chain is complete.</summary>
    public IReadOnlyList<X509Certificate2> Delivered => Root is null ? Issuers : [.. Issuers, Root];

    /// <summary>Certificates of the chain that clients would reject.</summary>
    public IReadOnlyList<X509Certificate2> LeftOut { get; init; } = [];

    public static CertificateChain Order(X509Certificate2 leaf, IEnumerable<X509Certificate2> others, DateTimeOffset now)
    {
        // 1. Follow the issuers upwards, up to a root.
        var rest = others.Where(other => !Same(other, leaf)).DistinctBy(other => other.Thumbprint, StringComparer.Ordinal).ToList();
        var named = rest.ToLookup(other => DistinguishedNames.KeyOf(other.SubjectName.RawData), StringComparer.Ordinal);
        List<X509Certificate2> issuers = [];
        X509Certificate2? root = null;
        for (var last = leaf; !VerifiedIssuers.IsSelfSigned(last) && Best(IssuersOf(last)) is { } issuer; last = issuer)
        {
            if (VerifiedIssuers.IsSelfSigned(issuer))
            {
                root = issuer;
                break;
            }

            issuers.Add(issuer);
        }

        // 2. A root that was also cross-signed may be the issuer of an earlier certificate: clients that have it need a shorter path.
        List<X509Certificate2> sent = [leaf, .. issuers];
        root ??= sent.SelectMany(IssuersOf).FirstOrDefault(VerifiedIssuers.IsSelfSigned);
        rest.RemoveAll(other => other == root || issuers.Contains(other));
        var impostors = root is not null || sent[^1].IsSelfSigned() ? [] : rest.FindAll(sent[^1].NamesAsIssuer);
        return new CertificateChain(leaf, issuers, root, impostors, [.. rest.Except(impostors)]);

        IEnumerable<X509Certificate2> IssuersOf(X509Certificate2 certificate) => named[DistinguishedNames.KeyOf(certificate.IssuerName.RawData)]
            .Where(issuer => certificate == leaf ? leaf.IsIssuedBy(issuer) : VerifiedIssuers.IsIssuedBy(certificate, issuer));

        // CAs that have signed each other form a loop (RFC 4158 §2.4.2): no pair of name and key is used twice. Of several issuers, prefer one
        // that is valid, then the cross-signed one: older clients need it, and clients that have the root ignore what is above.
        X509Certificate2? Best(IEnumerable<X509Certificate2> candidates) => candidates
            .Where(candidate => !issuers.Exists(issuer => IsTwin(issuer, candidate)))
            .OrderByDescending(candidate => CertificateDates.IsCurrent(candidate, now))
            .ThenBy(VerifiedIssuers.IsSelfSigned)
            .ThenByDescending(candidate => IssuersOf(candidate).Any())
            .ThenByDescending(candidate => candidate.NotAfter)
            .FirstOrDefault();
    }

    static bool IsTwin(X509Certificate2 one, X509Certificate2 other) =>
        DistinguishedNames.AreEqual(one.SubjectName.RawData, other.SubjectName.RawData)
        && one.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(other.PublicKey.ExportSubjectPublicKeyInfo());

    static bool Same(X509Certificate2 a, X509Certificate2 b) => a.RawDataMemory.Span.SequenceEqual(b.RawDataMemory.Span);
}
