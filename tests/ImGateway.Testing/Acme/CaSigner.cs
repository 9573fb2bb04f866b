using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Testing;

/// <summary>A key that signs certificates by <see cref="CertificateRequest"/>, its own certificate, and cross-signatures, which a <see cref="TestCa"/> does not make.</summary>
sealed class CaSigner : IDisposable
{
    readonly ECDsa _key;

    CaSigner(ECDsa key, X509Certificate2 certificate)
    {
        _key = key;
        Certificate = certificate;
    }

    public X509Certificate2 Certificate { get; }

    public X509SignatureGenerator Generator => X509SignatureGenerator.CreateForECDsa(_key);

    public string Pem => Certificate.ExportCertificatePem() + "\n";

    public static CaSigner CreateRoot(string name, DateTimeOffset now)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request(name, key);
        return new(key, request.Create(
            request.SubjectName, X509SignatureGenerator.CreateForECDsa(key), now.AddYears(-10), now.AddYears(40), Serial()));
    }

    public CaSigner CreateIntermediate(string name, DateTimeOffset now)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new(key, Sign(Request(name, key), now.AddYears(-5), now.AddYears(20)));
    }

    /// <summary>This signer's name and key, vouched for by the other one.</summary>
    public X509Certificate2 CrossSignedBy(CaSigner other, DateTimeOffset now) =>
        other.Sign(Request(Certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false), _key), now.AddYears(-5), now.AddYears(20));

    public X509Certificate2 Sign(CertificateRequest request, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, true, false));
        return request.Create(Certificate.SubjectName, Generator, notBefore, notAfter, Serial());
    }

    public ECDsa CopyKey() => ECDsa.Create(_key.ExportParameters(includePrivateParameters: true));

    public void Dispose()
    {
        Certificate.Dispose();
        _key.Dispose();
    }

    static CertificateRequest Request(string name, ECDsa key)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request;
    }

    // Positive and never shorter: hexadecimal texts of it compare as they are.
    static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)(serial[0] & 0x3F | 0x40);
        return serial;
    }
}
