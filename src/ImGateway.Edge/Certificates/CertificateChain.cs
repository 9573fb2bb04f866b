using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Edge.Certificates;

/// <summary>A leaf and its issuers in order, found by linkage in whatever order a file holds them.</summary>
/// <param name="Issuers">Each really signed the one before; a self-signed root may end them.</param>
/// <param name="Impostors">Bear the name of the issuer that is missing at the end, but did not sign.</param>
/// <param name="Unrelated">No part of the chain.</param>
sealed record CertificateChain(
    X509Certificate2 Leaf,
    IReadOnlyList<X509Certificate2> Issuers,
    IReadOnlyList<X509Certificate2> Impostors,
    IReadOnlyList<X509Certificate2> Unrelated)
{
    public X509Certificate2 Last => Issuers is [.., var last] ? last : Leaf;

    public static CertificateChain Order(X509Certificate2 leaf, IEnumerable<X509Certificate2> others)
    {
        var rest = others.Where(other => !Same(other, leaf)).DistinctBy(other => other.Thumbprint, StringComparer.Ordinal).ToList();
        List<X509Certificate2> issuers = [];
        var last = leaf;
        while (!last.IsSelfSigned() && rest.Find(last.IsIssuedBy) is { } issuer)
        {
            issuers.Add(issuer);
            rest.Remove(issuer);
            last = issuer;
        }

        var impostors = last.IsSelfSigned() ? [] : rest.FindAll(last.NamesAsIssuer);
        return new CertificateChain(leaf, issuers, impostors, [.. rest.Except(impostors)]);
    }

    static bool Same(X509Certificate2 a, X509Certificate2 b) => a.RawDataMemory.Span.SequenceEqual(b.RawDataMemory.Span);
}
