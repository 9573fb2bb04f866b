using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.X509;

/// <summary>
/// Verifies who signed a certificate. <see cref="X509Chain"/> is not suitable: it validates against the machine's trust
/// store, and names alone are no proof.
/// </summary>
static class CertificateSignature
{
    /// <summary>Whether <paramref name="issuer"/> issued <paramref name="certificate"/>, by name and signature.</summary>
    public static bool IsIssuedBy(this X509Certificate2 certificate, X509Certificate2 issuer)
    {
        if (!certificate.NamesAsIssuer(issuer)) return false;
        try
        {
            var (signed, algorithm, signature) = Split(certificate);
            return issuer.HasSigned(signed.Span, algorithm, signature);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            return false;
        }
    }

    /// <summary>Whether the key of <paramref name="signer"/> made this <paramref name="signature"/>.</summary>
    /// <exception cref="CryptographicException">The key cannot be used.</exception>
    public static bool HasSigned(this X509Certificate2 signer, ReadOnlySpan<byte> signed, SignatureAlgorithm algorithm, ReadOnlySpan<byte> signature)
    {
        if (!algorithm.IsVerifiable || algorithm.Hash is not { } hash) return false;
        using var ecdsa = signer.GetECDsaPublicKey();
        if (ecdsa is not null) return ecdsa.VerifyData(signed, signature, hash, DSASignatureFormat.Rfc3279DerSequence);
        using var rsa = signer.IsForPss() ? PssKey(signer) : signer.GetRSAPublicKey();
        return rsa?.VerifyData(signed, signature, hash, algorithm.Padding) ?? false;
    }

    public static bool NamesAsIssuer(this X509Certificate2 certificate, X509Certificate2 issuer) =>
        DistinguishedNames.AreEqual(certificate.IssuerName.RawData, issuer.SubjectName.RawData);

    public static bool IsSelfSigned(this X509Certificate2 certificate) => certificate.IsIssuedBy(certificate);

    /// <summary>The algorithm of the certificate's signature.</summary>
    public static SignatureAlgorithm SignedBy(this X509Certificate2 certificate) => Split(certificate).Algorithm;

    /// <summary>Whether the key is restricted to RSA-PSS (OID id-RSASSA-PSS).</summary>
    public static bool IsForPss(this X509Certificate2 certificate) => certificate.PublicKey.Oid.Value == SignatureAlgorithm.RsaPss;

    /// <summary>Whether the signature algorithm is known and uses neither SHA-1 nor MD5.</summary>
    public static bool HasStrongSignature(this X509Certificate2 certificate) => Split(certificate).Algorithm.IsStrong;

    static RSA PssKey(X509Certificate2 certificate)
    {
        var rsa = RSA.Create();
        rsa.ImportRSAPublicKey(certificate.PublicKey.EncodedKeyValue.RawData, out _);
        return rsa;
    }

    /// <summary>Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue } (RFC 5280 §4.1).</summary>
    static (ReadOnlyMemory<byte> Signed, SignatureAlgorithm Algorithm, byte[] Signature) Split(X509Certificate2 certificate)
    {
        var sequence = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.DER).ReadSequence();
        return (sequence.ReadEncodedValue(), SignatureAlgorithm.Read(sequence.ReadSequence()), sequence.ReadBitString(out _));
    }
}
