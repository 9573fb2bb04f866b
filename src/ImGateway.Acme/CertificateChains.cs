using System.Security.Cryptography.X509Certificates;
using ImGateway.Acme.Protocol;

namespace ImGateway.Acme;

/// <summary>A certificate with the chains that the CA offers for it, in PEM, the leaf first.</summary>
/// <param name="Default">The CA's choice.</param>
/// <param name="Alternates">Others, of the same leaf (RFC 8555 §7.4.2).</param>
public sealed record CertificateChains(string Default, IReadOnlyList<string> Alternates)
{
    /// <summary>Why an alternate is missing here. It does not make the others worse.</summary>
    public AcmeException? AlternateFailure { get; init; }

    /// <summary>Common names of what issued the last certificate of each chain: what <see cref="Select"/> can find.</summary>
    public IReadOnlyList<string> Issuers => [.. All.Select(chain => IssuerNames(chain)[^1])];

    IEnumerable<string> All => [Default, .. Alternates];

    /// <summary>The chain whose last certificate was issued by that name, else one with any certificate of that issuer, else the default.</summary>
    /// <param name="preferredIssuerCommonName">Null or empty: the default, and found.</param>
    public (string Chain, bool Found) Select(string? preferredIssuerCommonName)
    {
        if (string.IsNullOrEmpty(preferredIssuerCommonName)) return (Default, true);
        var found = All.FirstOrDefault(chain => IssuerNames(chain)[^1] == preferredIssuerCommonName)
            ?? All.FirstOrDefault(chain => IssuerNames(chain).Contains(preferredIssuerCommonName));
        return (found ?? Default, found is not null);
    }

    static List<string> IssuerNames(string chain)
    {
        List<string> names = [];
        foreach (var der in PemChain.Read(chain))
        {
            using var certificate = X509CertificateLoader.LoadCertificate(der);
            names.Add(certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: true));
        }

        return names;
    }
}
