using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Served;

/// <summary>What a certificate's chain lacks, and the remedy.</summary>
static class ChainWarning
{
    /// <summary>Longest URL to quote: a certificate may contain any URL, and each report repeats it.</summary>
    const int LongestAddress = 200;

    public static CertificateProblem? Of(HostCertificate served) => Of(served.Credential, served.Source, served.Origin);

    /// <param name="source">The certificate's source (<see cref="HostCertificate.Source"/>), on which the remedy depends.</param>
    /// <param name="origin">The file name for the message.</param>
    /// <returns>Null if the chain is complete.</returns>
    public static CertificateProblem? Of(Credential credential, string source, string origin)
    {
        if (credential.Chain is ChainState.Complete) return null;
        var last = credential.Issuers is [.., var issuer] ? issuer : credential.Leaf;
        var address = CaIssuersUrl.Of(last) is { Length: <= LongestAddress } named ? $" ({last.Issuer} can be had at {named})" : "";
        return new CertificateProblem(
            origin,
            $"the certificate of {(last == credential.Leaf ? "its issuer" : "the later issuer")} '{last.Issuer}' is missing, so clients could not verify it unless they have that one (chain {credential.Chain.Label()})",
            Remedy(source) + address);
    }

    static string Remedy(string source) => source switch
    {
        HostCertificate.Acme => "if it is a private root, add it to Edge:Acme:TrustedRootsFile before the next renewal, or to the trust store of this machine; else name another chain as Edge:Acme:PreferredChain",
        HostCertificate.Import => "import the certificate again with the certificates of its issuers, a private root included, as --chain",
        _ => "append the certificates of the missing issuers to the file, or name them as Chain (if it is a private root, the root itself)",
    };
}
