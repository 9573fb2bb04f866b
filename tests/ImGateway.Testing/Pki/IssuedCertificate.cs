using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Testing;

/// <summary>A key and its chain in every form a CA or an operator may deliver them.</summary>
/// <param name="leaf">With its private key.</param>
/// <param name="issuers">Intermediates from the leaf upwards, without the root.</param>
public sealed class IssuedCertificate(
    X509Certificate2 leaf, AsymmetricAlgorithm key, IReadOnlyList<X509Certificate2> issuers, X509Certificate2 root) : IDisposable
{
    public X509Certificate2 Leaf => leaf;

    public IReadOnlyList<X509Certificate2> Issuers => issuers;

    public X509Certificate2 Root => root;

    public string SerialNumber => leaf.SerialNumber;

    public string LeafPem => Leaf.ExportCertificatePem() + "\n";

    public string IssuersPem => string.Concat(Issuers.Select(issuer => issuer.ExportCertificatePem() + "\n"));

    public string RootPem => Root.ExportCertificatePem() + "\n";

    /// <summary>
    /// Leaf, intermediates and the root: what a CA delivers as <c>fullchain.pem</c>, and the root, because the machine does not know it and
    /// would call the chain incomplete.
    /// </summary>
    public string ChainPem => LeafPem + (IsSelfSigned ? "" : IssuersPem + RootPem);

    /// <summary>PKCS#8, plain.</summary>
    public string KeyPem => key.ExportPkcs8PrivateKeyPem() + "\n";

    bool IsSelfSigned => Leaf.SubjectName.RawData.AsSpan().SequenceEqual(Leaf.IssuerName.RawData) && Leaf.RawData.AsSpan().SequenceEqual(Root.RawData);

    public string EncryptedKeyPem(string password) =>
        key.ExportEncryptedPkcs8PrivateKeyPem(password, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 10_000)) + "\n";

    public byte[] Pfx(string? password)
    {
        X509Certificate2Collection all = [Leaf, .. Issuers, .. IsSelfSigned ? [] : new[] { Root }];
        return all.Export(X509ContentType.Pkcs12, password)!;
    }

    public Credential ToCredential(params string[] names) =>
        new(Leaf, IsSelfSigned ? [] : [.. Issuers, Root], [.. names.Select(HostName.Parse)]);

    /// <summary>Writes <c>NAME.crt</c> (chain), <c>NAME.key</c> and says how a configuration names them.</summary>
    public CertificateFile WriteTo(string directory, string name = "server")
    {
        Directory.CreateDirectory(directory);
        var file = new CertificateFile { Certificate = Path.Combine(directory, name + ".crt"), Key = Path.Combine(directory, name + ".key") };
        File.WriteAllText(file.Key, KeyPem);
        File.WriteAllText(file.Certificate, ChainPem);
        return file;
    }

    public CertificateFile WriteEncryptedTo(string directory, string password, string name = "server")
    {
        var file = WriteTo(directory, name);
        File.WriteAllText(file.Key!, EncryptedKeyPem(password));
        return file with { Password = new Secret(password) };
    }

    public CertificateFile WritePfxTo(string directory, string? password, string name = "server")
    {
        Directory.CreateDirectory(directory);
        var path = Path.Combine(directory, name + ".pfx");
        File.WriteAllBytes(path, Pfx(password));
        return new CertificateFile { Certificate = path, Password = password is null ? null : new Secret(password) };
    }

    public void Dispose()
    {
        Leaf.Dispose();
        key.Dispose();
    }
}
