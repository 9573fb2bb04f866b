using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Tls;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;
using Org.BouncyCastle.Tls.Crypto.Impl.BC;

namespace ImGateway.BouncyCastle;

/// <summary>Key and chain in BouncyCastle's types.</summary>
sealed class BouncyCastleCredential
{
    readonly TlsCertificate[] _chain;

    public BouncyCastleCredential(Credential credential, BcTlsCrypto crypto)
    {
        _chain = [.. credential.Issuers.Prepend(credential.Leaf).Select(certificate => crypto.CreateCertificate(certificate.RawData))];
        using var ecdsa = credential.Leaf.GetECDsaPrivateKey();
        using var rsa = credential.Leaf.GetRSAPrivateKey();
        IsEcdsa = ecdsa is not null;
        Key = PrivateKeyFactory.CreateKey(ecdsa?.ExportPkcs8PrivateKey() ?? rsa!.ExportPkcs8PrivateKey());
        SignatureSchemes = ecdsa?.KeySize switch
        {
            256 => [SignatureScheme.ecdsa_secp256r1_sha256],
            384 => [SignatureScheme.ecdsa_secp384r1_sha384],
            521 => [SignatureScheme.ecdsa_secp521r1_sha512],
            _ => [SignatureScheme.rsa_pss_rsae_sha256, SignatureScheme.rsa_pss_rsae_sha384, SignatureScheme.rsa_pss_rsae_sha512],
        };
    }

    public bool IsEcdsa { get; }

    public AsymmetricKeyParameter Key { get; }

    /// <summary>What the key signs with, in TLS 1.3 as in 1.2.</summary>
    public IReadOnlyList<int> SignatureSchemes { get; }

    /// <param name="staple">An OCSP response; in TLS 1.3 an extension of the leaf (RFC 8446 §4.4.2.1).</param>
    public Certificate ChainFor(bool tls13, byte[]? staple) => tls13
        ? new Certificate([], [.. _chain.Select((certificate, i) => new CertificateEntry(certificate, i == 0 && staple is not null ? Stapled(staple) : null))])
        : new Certificate(_chain);

    static Dictionary<int, byte[]> Stapled(byte[] staple) => new()
    {
        [ExtensionType.status_request] = [1, (byte)(staple.Length >> 16), (byte)(staple.Length >> 8), (byte)staple.Length, .. staple],
    };
}
