using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ImGateway.Edge.Certificates;

/// <summary>All certificates and private keys of a PEM file (RFC 7468), whatever stands between them.</summary>
/// <param name="Keys">The blocks as text, for <see cref="PrivateKeyReader"/>.</param>
sealed record PemDocument(IReadOnlyList<X509Certificate2> Certificates, IReadOnlyList<string> Keys)
{
    /// <exception cref="CryptographicException">A certificate block does not hold one.</exception>
    public static PemDocument Parse(byte[] content) => Parse(content, keysOnly: false);

    /// <summary>For a file of which only the keys matter: certificates in it may be anything.</summary>
    public static PemDocument KeysOf(byte[] content) => Parse(content, keysOnly: true);

    public override string ToString() => $"{Certificates.Count} certificates, {Keys.Count} keys";

    static PemDocument Parse(byte[] content, bool keysOnly)
    {
        List<X509Certificate2> certificates = [];
        List<string> keys = [];
        // Latin-1 keeps any comment between the blocks from failing the file; the blocks themselves are ASCII.
        var rest = Encoding.Latin1.GetString(content).AsSpan();
        while (PemEncoding.TryFind(rest, out var block))
        {
            var label = rest[block.Label];
            if (label is "CERTIFICATE" or "X509 CERTIFICATE")
            {
                if (!keysOnly) certificates.Add(X509CertificateLoader.LoadCertificate(Convert.FromBase64String(rest[block.Base64Data].ToString())));
            }
            else if (label.EndsWith("PRIVATE KEY", StringComparison.Ordinal))
            {
                keys.Add(rest[block.Location].ToString());
            }

            rest = rest[block.Location.End..];
        }

        return new PemDocument(certificates, keys);
    }
}
