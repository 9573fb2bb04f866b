using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;

namespace ImGateway.Testing;

/// <summary>A certification authority for tests: root or intermediate, any key, any dates. Dispose the root last.</summary>
public sealed class TestCa : IDisposable
{
    readonly AsymmetricAlgorithm _key;
    readonly TestCa? _parent;

    TestCa(string name, AsymmetricAlgorithm key, TestCa? parent, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        Name = name;
        _key = key;
        _parent = parent;
        var request = Request($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        Certificate = parent is null
            ? request.Create(request.SubjectName, Generator(key), notBefore, notAfter, Serial())
            : parent.Sign(request, notBefore, notAfter);
    }

    public string Name { get; }

    /// <summary>Without its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>PKCS#8, for programs that sign in its name.</summary>
    public string KeyPem => _key.ExportPkcs8PrivateKeyPem() + "\n";

    public string Pem => Certificate.ExportCertificatePem() + "\n";

    public TestCa Root => _parent?.Root ?? this;

    /// <summary>A self-signed root, valid ten years around now.</summary>
    public static TestCa Create(string name, KeyType keyType = KeyType.P256) => Create(name, keyType.CreateKey());

    public static TestCa Create(string name, AsymmetricAlgorithm key)
    {
        var now = TimeProvider.System.GetUtcNow();
        return new TestCa(name, key, parent: null, now.AddYears(-5), now.AddYears(5));
    }

    public static TestCa Create(string name, DateTimeOffset notBefore, DateTimeOffset notAfter) =>
        new(name, KeyType.P256.CreateKey(), parent: null, notBefore, notAfter);

    public TestCa CreateIntermediate(
        string name, KeyType keyType = KeyType.P256, DateTimeOffset? notBefore = null, DateTimeOffset? notAfter = null) =>
        CreateIntermediate(name, keyType.CreateKey(), notBefore, notAfter);

    public TestCa CreateIntermediate(string name, AsymmetricAlgorithm key, DateTimeOffset? notBefore = null, DateTimeOffset? notAfter = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        return new TestCa(name, key, this, notBefore ?? now.AddYears(-4), notAfter ?? now.AddYears(4));
    }

    public IssuedCertificate Issue(
        IEnumerable<string> hosts, KeyType keyType = KeyType.P256, DateTimeOffset? notBefore = null, DateTimeOffset? notAfter = null) =>
        Issue(new PkiLeaf { Hosts = [.. hosts], KeyType = keyType, NotBefore = notBefore, NotAfter = notAfter });

    public IssuedCertificate Issue(params string[] hosts) => Issue(new PkiLeaf { Hosts = hosts });

    public IssuedCertificate Issue(PkiLeaf leaf)
    {
        var key = leaf.Key ?? leaf.KeyType.CreateKey();
        var (notBefore, notAfter) = Validity(leaf);
        using var certificate = Sign(LeafRequest(leaf, key), notBefore, notAfter, leaf.Hash);
        List<X509Certificate2> issuers = [];
        for (var ca = this; ca._parent is not null; ca = ca._parent) issuers.Add(ca.Certificate);
        return new IssuedCertificate(WithKey(certificate, key), key, issuers, Root.Certificate);
    }

    /// <summary>A leaf that signs itself.</summary>
    public static IssuedCertificate SelfSigned(PkiLeaf leaf)
    {
        var key = leaf.Key ?? leaf.KeyType.CreateKey();
        var (notBefore, notAfter) = Validity(leaf);
        var request = LeafRequest(leaf, key);
        using var certificate = request.Create(request.SubjectName, Generator(key), notBefore, notAfter, Serial());
        return new IssuedCertificate(WithKey(certificate, key), key, [], X509CertificateLoader.LoadCertificate(certificate.RawData));
    }

    public void Dispose()
    {
        Certificate.Dispose();
        _key.Dispose();
    }

    static (DateTimeOffset NotBefore, DateTimeOffset NotAfter) Validity(PkiLeaf leaf)
    {
        // Where only the end is given and it is past, the beginning is before it.
        var hourAgo = TimeProvider.System.GetUtcNow().AddHours(-1);
        var notBefore = leaf.NotBefore ?? (leaf.NotAfter < hourAgo ? leaf.NotAfter.Value.AddDays(-90) : hourAgo);
        return (notBefore, leaf.NotAfter ?? notBefore.AddDays(90));
    }

    static CertificateRequest LeafRequest(PkiLeaf leaf, AsymmetricAlgorithm key)
    {
        var request = Request(leaf.Subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(leaf.IsCa, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        if (leaf.Usages.Count > 0)
        {
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. leaf.Usages.Select(usage => new Oid(usage))], critical: false));
        }

        if (leaf.OcspResponders.Count + leaf.CaIssuers.Count > 0)
        {
            request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(leaf.OcspResponders, leaf.CaIssuers));
        }

        if (leaf.MustStaple) request.CertificateExtensions.Add(new X509Extension("1.3.6.1.5.5.7.1.24", [0x30, 0x03, 0x02, 0x01, 0x05], critical: false));
        if (leaf.Hosts.Count > 0)
        {
            var names = new SubjectAlternativeNameBuilder();
            foreach (var host in leaf.Hosts)
            {
                if (IPAddress.TryParse(host, out var address)) names.AddIpAddress(address);
                else names.AddDnsName(host);
            }

            request.CertificateExtensions.Add(names.Build(critical: leaf.Subject.Length == 0));
        }

        return request;
    }

    X509Certificate2 Sign(CertificateRequest request, DateTimeOffset notBefore, DateTimeOffset notAfter, HashAlgorithmName? hash = null)
    {
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, true, false));
        var generator = hash == HashAlgorithmName.SHA1 ? new PkiSha1Generator((RSA)_key) : Generator(_key);
        return request.Create(Certificate.SubjectName, generator, notBefore, notAfter, Serial());
    }

    static CertificateRequest Request(string subject, AsymmetricAlgorithm key, HashAlgorithmName hash) => key is RSA rsa
        ? new CertificateRequest(subject, rsa, hash, RSASignaturePadding.Pkcs1)
        : new CertificateRequest(subject, (ECDsa)key, hash);

    static X509SignatureGenerator Generator(AsymmetricAlgorithm key) => key is RSA rsa
        ? X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1)
        : X509SignatureGenerator.CreateForECDsa((ECDsa)key);

    static X509Certificate2 WithKey(X509Certificate2 certificate, AsymmetricAlgorithm key) =>
        key is RSA rsa ? certificate.CopyWithPrivateKey(rsa) : certificate.CopyWithPrivateKey((ECDsa)key);

    static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)(serial[0] & 0x7F | 0x40);
        return serial;
    }
}
