using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Edge.Certificates.X509;

/// <summary>
/// Signatures of CA certificates, verified once: thousands of files contain the same few. A signature by the same key over the same bytes does not change, and
/// both certificates are identified by SHA-256.
/// </summary>
static class VerifiedIssuers
{
    const int MostPairs = 1000;

    static readonly ConcurrentDictionary<(string Certificate, string Issuer), bool> Verified = [];

    /// <summary><see cref="CertificateSignature.IsIssuedBy"/>.</summary>
    public static bool IsIssuedBy(X509Certificate2 certificate, X509Certificate2 issuer)
    {
        if (!certificate.NamesAsIssuer(issuer)) return false;
        var pair = (certificate.GetCertHashString(HashAlgorithmName.SHA256), issuer.GetCertHashString(HashAlgorithmName.SHA256));
        if (Verified.ContainsKey(pair)) return true;
        if (!certificate.IsIssuedBy(issuer)) return false;
        if (Verified.Count >= MostPairs) Verified.Clear();
        return Verified[pair] = true;
    }

    public static bool IsSelfSigned(X509Certificate2 certificate) => IsIssuedBy(certificate, certificate);
}
