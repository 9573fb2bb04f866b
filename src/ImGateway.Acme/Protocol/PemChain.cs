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
    /// <exception cref="FormatException">A part is none: passed over, it would make the chain too short.</exception>
    public static List<byte[]> Read(string pem)
    {
        List<byte[]> certificates = [];
        var rest = pem.AsSpan();
        // A block at a time: over text that only looks like PEM, PemEncoding takes quadratic time.
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

    /// <summary>Only the certificates, each of which is one: no text around them, no keys. Null where that fails.</summary>
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

    /// <summary>A BEGIN or END line of no block, however many hyphens it has.</summary>
    static bool HasMarker(ReadOnlySpan<char> text) =>
        text.Contains("-BEGIN ", StringComparison.Ordinal) || text.Contains("-END ", StringComparison.Ordinal);
}
