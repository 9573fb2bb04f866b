using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.SelfSigned;

/// <summary>
/// A CA of this machine for development: <c>ca.pem</c> for clients to trust, and its secret <c>ca.key</c>. It can issue only for its hosts
/// (<see cref="NameConstraints"/>), so trusting it does not endanger other sites.
/// </summary>
public sealed class DevelopmentCa : IDisposable
{
    /// <summary>Long, because each new CA must be added to trust stores by hand.</summary>
    const int ValidYears = 5;

    static readonly TimeSpan LeafLifetime = TimeSpan.FromDays(90);
    static readonly TimeSpan LeastLifeLeft = LeafLifetime * 2;

    /// <summary>Backdating, for clients whose clocks are slightly behind.</summary>
    static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    readonly X509Certificate2 _certificate;
    readonly ECDsa _key;
    readonly TimeProvider _time;

    DevelopmentCa(X509Certificate2 certificate, ECDsa key, TimeProvider time) => (_certificate, _key, _time) = (certificate, key, time);

    /// <summary>Null if it is damaged, may not issue for all hosts, or expires soon. Then a new one is created; a development CA is not repaired.</summary>
    public static DevelopmentCa? TryLoad(byte[] certificatePem, byte[] keyPem, IReadOnlyList<HostName> hosts, TimeProvider time)
    {
        var key = ECDsa.Create();
        X509Certificate2? certificate = null;
        try
        {
            key.ImportFromPem(Encoding.UTF8.GetString(ByteOrderMark.Skip(keyPem)));
            certificate = X509CertificateLoader.LoadCertificate(ByteOrderMark.Skip(certificatePem));
            if (key.Owns(certificate)
                && certificate.ValidUntil() > time.GetUtcNow() + LeastLifeLeft
                && NameConstraints.Of(certificate) is { } constraints
                && hosts.All(constraints.Permit))
            {
                return new DevelopmentCa(certificate, key, time);
            }
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or System.Formats.Asn1.AsnContentException)
        {
            // Damaged: the caller creates a new one.
        }

        certificate?.Dispose();
        key.Dispose();
        return null;
    }

    public static DevelopmentCa Create(IReadOnlyList<HostName> hosts, TimeProvider time)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new DevelopmentCa(Create(key, hosts, time.GetUtcNow()), key, time);
    }

    /// <summary>The certificate for clients to trust.</summary>
    internal byte[] CertificatePem() => Encoding.ASCII.GetBytes(_certificate.ExportCertificatePem() + "\n");

    internal byte[] KeyPem() => Encoding.ASCII.GetBytes(_key.ExportPkcs8PrivateKeyPem() + "\n");

    /// <summary>Issues a certificate for <paramref name="hosts"/> with a new key, valid for 90 days.</summary>
    public Credential Issue(IReadOnlyList<HostName> hosts, KeyType keyType)
    {
        using var key = keyType.CreateKey();
        // No host name in the subject: OpenSSL checks a subject that looks like a host name against the CA's name constraints.
        var request = Request("CN=ImGateway Edge development certificate", key);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(Oids.ServerAuth)], critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, true, false));
        request.CertificateExtensions.Add(SubjectAlternativeNames.For(hosts));
        var now = _time.GetUtcNow();
        using var leaf = request.Create(
            _certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(_key), now - ClockSkew, now + LeafLifetime, Serial());
        return new Credential(key.Bind(leaf), [X509CertificateLoader.LoadCertificate(_certificate.RawData)], hosts);
    }

    /// <summary>Whether <paramref name="root"/> is the certificate of this CA.</summary>
    internal bool Is(X509Certificate2 root) => root.RawDataMemory.Span.SequenceEqual(_certificate.RawDataMemory.Span);

    public void Dispose()
    {
        _certificate.Dispose();
        _key.Dispose();
    }

    static X509Certificate2 Create(ECDsa key, IReadOnlyList<HostName> hosts, DateTimeOffset now)
    {
        // Browsers list roots by name; the number distinguishes successive ones.
        var request = Request($"CN=ImGateway Edge development CA {RandomNumberGenerator.GetHexString(8, lowercase: true)}", key);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, true, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(NameConstraints.For(hosts).ToExtension());
        return request.Create(
            request.SubjectName, X509SignatureGenerator.CreateForECDsa(key), now - ClockSkew, now.AddYears(ValidYears), Serial());
    }

    static CertificateRequest Request(string subject, AsymmetricAlgorithm key) => key is RSA rsa
        ? new CertificateRequest(subject, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
        : new CertificateRequest(subject, (ECDsa)key, HashAlgorithmName.SHA256);

    /// <summary>126 random bits, positive and of one length (RFC 5280 §4.1.2.2).</summary>
    static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)(serial[0] & 0x7F | 0x40);
        return serial;
    }
}
