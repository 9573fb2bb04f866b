using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Testing;

/// <summary>.NET's own generators refuse to sign with SHA-1, as they should.</summary>
sealed class PkiSha1Generator(RSA key) : X509SignatureGenerator
{
    // SEQUENCE { sha1WithRSAEncryption, NULL } (RFC 8017 A.2.4)
    public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) =>
        Convert.FromHexString("300D06092A864886F70D0101050500");

    public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) =>
        key.SignData(data, HashAlgorithmName.SHA1, RSASignaturePadding.Pkcs1);

    protected override PublicKey BuildPublicKey() => PublicKey.CreateFromSubjectPublicKeyInfo(key.ExportSubjectPublicKeyInfo(), out _);
}
