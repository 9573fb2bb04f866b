using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates;

/// <summary>A leaf and its issuers in order, found by linkage in whatever order a file holds them.</summary>
/// <param name="Issuers">Each really signed the one before; none is self-signed.</param>
/// <param name="Root">Self-signed, the issuer of one of these: clients have it, and it is not sent. Null where none came along.</param>
/// <param name="Impostors">Bear the name of the issuer that is missing at the end, but did not sign.</param>
/// <param name="Unrelated">No part of the chain.</param>
sealed record CertificateChain(
    X509Certificate2 Leaf,
    IReadOnlyList<X509Certificate2> Issuers,
    X509Certificate2? Root,
    IReadOnlyList<X509Certificate2> Impostors,
    IReadOnlyList<X509Certificate2> Unrelated)
{
    public X509Certificate2 Last => Issuers is [.., var last] ? last : Leaf;

    /// <summary>What a handshake sends.</summary>
    public IEnumerable<X509Certificate2> Sent => Issuers.Prepend(Leaf);

    /// <summary>What is kept with the leaf: the root makes the chain complete wherever it is read again.</summary>
    public IReadOnlyList<X509Certificate2> Delivered => Root is null ? Issuers : [.. Issuers, Root];

    /// <summary>Part of the chain, but of no use to clients, who would refuse it.</summary>
    public IReadOnlyList<X509Certificate2> LeftOut { get; init; } = [];

    public static CertificateChain Order(X509Certificate2 leaf, IEnumerable<X509Certificate2> others, DateTimeOffset now)
    {
        // 1. From the leaf upwards as far as there are issuers that are not roots.
        var rest = others.Where(other => !Same(other, leaf)).DistinctBy(other => other.Thumbprint, StringComparer.Ordinal).ToList();
        var named = rest.ToLookup(other => DistinguishedNames.KeyOf(other.SubjectName.RawData), StringComparer.Ordinal);
        List<X509Certificate2> issuers = [];
        X509Certificate2? root = null;
        for (var last = leaf; !last.IsSelfSigned() && Best(IssuersOf(last)) is { } issuer; last = issuer)
        {
            if (issuer.IsSelfSigned())
            {
                root = issuer;
                break;
            }

            issuers.Add(issuer);
        }

        // 2. A root that was cross-signed is the issuer of an earlier one, and leads clients that have it to the end sooner.
        List<X509Certificate2> sent = [leaf, .. issuers];
        root ??= sent.SelectMany(IssuersOf).FirstOrDefault(other => other.IsSelfSigned());
        rest.RemoveAll(other => other == root || issuers.Contains(other));
        var impostors = root is not null || sent[^1].IsSelfSigned() ? [] : rest.FindAll(sent[^1].NamesAsIssuer);
        return new CertificateChain(leaf, issuers, root, impostors, [.. rest.Except(impostors)]);

        IEnumerable<X509Certificate2> IssuersOf(X509Certificate2 certificate) => named[DistinguishedNames.KeyOf(certificate.IssuerName.RawData)].Where(certificate.IsIssuedBy);

        // CAs that have signed each other make a circle (RFC 4158 §2.4.2): no name comes again with the same key. Of several that have signed, one
        // that is valid; of those the cross-signed one, because clients that have the root need nothing above it, and older ones do.
        X509Certificate2? Best(IEnumerable<X509Certificate2> candidates) => candidates
            .Where(candidate => !issuers.Exists(issuer => IsTwin(issuer, candidate)))
            .OrderByDescending(candidate => CertificateDates.IsCurrent(candidate, now))
            .ThenBy(candidate => candidate.IsSelfSigned())
            .ThenByDescending(candidate => IssuersOf(candidate).Any())
            .ThenByDescending(candidate => candidate.NotAfter)
            .FirstOrDefault();
    }

    static bool IsTwin(X509Certificate2 one, X509Certificate2 other) =>
        DistinguishedNames.AreEqual(one.SubjectName.RawData, other.SubjectName.RawData)
        && one.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(other.PublicKey.ExportSubjectPublicKeyInfo());

    static bool Same(X509Certificate2 a, X509Certificate2 b) => a.RawDataMemory.Span.SequenceEqual(b.RawDataMemory.Span);
}
