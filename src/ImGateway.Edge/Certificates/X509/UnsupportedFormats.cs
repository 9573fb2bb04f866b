using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Edge.Certificates.X509;

/// <summary>Recognizes unsupported formats of certificates and keys, and names the command that converts each to PEM.</summary>
static class UnsupportedFormats
{
    /// <summary>Whether the content is PFX (PKCS#12), which has no text form.</summary>
    public static bool IsPfx(byte[] content) => IsBinary(content) && Of(content) is X509ContentType.Pkcs12;

    static X509ContentType Of(byte[] content)
    {
        try
        {
            return X509Certificate2.GetCertContentType(content);
        }
        catch (CryptographicException)
        {
            return X509ContentType.Unknown;
        }
    }

    /// <summary>Null if the content is in none of these formats.</summary>
    public static CertificateProblem? OfCertificates(string path, byte[] content) => Of(content) switch
    {
        X509ContentType.Cert => new(path, "is not PEM but binary (DER)", Remedies.PemOfCertificate(path)),
        X509ContentType.Pkcs7 => new(path, "is PKCS#7", Remedies.PemOfPkcs7(path, isPem: !IsBinary(content))),
        X509ContentType.Pkcs12 => new(path, "is PFX (PKCS#12), which is not read here", Remedies.CertificatesOfPfx(path)),
        _ => null,
    };

    /// <summary>Null if the content is in none of these formats.</summary>
    public static CertificateProblem? OfKey(string path, byte[] content) => !IsBinary(content) ? null : Of(content) switch
    {
        X509ContentType.Cert or X509ContentType.Pkcs7 => new(path, "is a certificate and no private key", "name the file of its private key as Key"),
        X509ContentType.Pkcs12 => new(path, "is PFX (PKCS#12), which is not read here", Remedies.KeyOfPfx(path)),
        _ => new(path, "is not PEM but binary (DER)", Remedies.PemOfKey(path)),
    };

    /// <summary>Whether the content begins with an ASN.1 SEQUENCE.</summary>
    static bool IsBinary(byte[] content) => content is [0x30, ..];
}
