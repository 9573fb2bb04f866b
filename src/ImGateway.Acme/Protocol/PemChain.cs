using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace ImGateway.Acme.Protocol;

/// <summary>application/pem-certificate-chain (RFC 8555 §9.1).</summary>
static partial class PemChain
{
    const int MostCertificates = 16;

    /// <summary>Certificates in DER, in order.</summary>
    /// <exception cref="FormatException">A part is none: passed over, it would make the chain too short.</exception>
    public static List<byte[]> Read(string pem)
    {
        List<byte[]> certificates = [];
        var rest = pem.AsSpan();
        while (PemEncoding.TryFind(rest, out var fields))
        {
            if (rest[fields.Label] is not "CERTIFICATE" || Marker().IsMatch(rest[..fields.Location.Start])) throw new FormatException();
            certificates.Add(Convert.FromBase64String(rest[fields.Base64Data].ToString()));
            rest = rest[fields.Location.End..];
        }

        return Marker().IsMatch(rest) ? throw new FormatException() : certificates;
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

    [GeneratedRegex("-(?:BEGIN|END) ", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Marker();
}
