using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ImGateway.Acme.Protocol;

/// <summary>application/pem-certificate-chain (RFC 8555 §9.1).</summary>
static class PemChain
{
    const int MostCertificates = 16;
    const string Begin = "-----BEGIN CERTIFICATE-----", End = "-----END CERTIFICATE-----";

    /// <summary>Certificates in DER, in order.</summary>
    /// <exception cref="FormatException">A block is not a certificate. Skipping it would shorten the chain.</exception>
    public static List<byte[]> Read(string pem)
    {
        List<byte[]> certificates = [];
        var rest = pem.AsSpan();
        // One block at a time: PemEncoding takes quadratic time on text that only resembles PEM.
        for (int start; (start = rest.IndexOf(Begin, StringComparison.Ordinal)) >= 0;)
        {
            var block = rest[(start + Begin.Length)..];
            var end = block.IndexOf('-');
            if (end < 0 || !block[end..].StartsWith(End, StringComparison.Ordinal) || HasMarker(rest[..start])) throw new FormatException();
            certificates.Add(Convert.FromBase64String(block[..end].ToString()));
            rest = block[(end + End.Length)..];
        }

        return HasMarker(rest) ? throw new FormatException() : certificates;
    }

    /// <summary>The certificates alone, without surrounding text or keys. Null if a block is not a certificate.</summary>
    public static string? Clean(ReadOnlySpan<byte> body)
    {
        try
        {
            var certificates = Read(Encoding.UTF8.GetString(body).TrimStart('\uFEFF'));
            if (certificates.Count is 0 or > MostCertificates) return null;
            foreach (var certificate in certificates) X509CertificateLoader.LoadCertificate(certificate).Dispose();
            return string.Concat(certificates.Select(certificate => PemEncoding.WriteString("CERTIFICATE", certificate) + "\n"));
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Whether there is a BEGIN or END line outside of a block, with any number of hyphens.</summary>
    static bool HasMarker(ReadOnlySpan<char> text) =>
        text.Contains("-BEGIN ", StringComparison.Ordinal) || text.Contains("-END ", StringComparison.Ordinal);
}
