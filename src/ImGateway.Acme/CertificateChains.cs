using System.Security.Cryptography.X509Certificates;
using ImGateway.Acme.Protocol;

namespace ImGateway.Acme;

/// <summary>A certificate with all chains that the CA offers for it, in PEM, the end-entity certificate first.</summary>
/// <param name="Default">The CA's default chain.</param>
/// <param name="Alternates">Alternate chains for the same certificate (RFC 8555 §7.4.2).</param>
public sealed record CertificateChains(string Default, IReadOnlyList<string> Alternates)
{
    /// <summary>Why an alternate chain could not be downloaded; null if all were. The other chains are usable.</summary>
    public AcmeException? AlternateFailure { get; init; }

    /// <summary>The issuer common name of the last certificate of each chain: the values that <see cref="Select"/> can find.</summary>
    public IReadOnlyList<string> Issuers => [.. All.Select(chain => IssuerNames(chain)[^1])];

    IEnumerable<string> All => [Default, .. Alternates];

    /// <summary>The chain whose last certificate was issued by that name, else one with any certificate of that issuer, else the default.</summary>
    /// <param name="preferredIssuerCommonName">Null or empty selects the default chain.</param>
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
