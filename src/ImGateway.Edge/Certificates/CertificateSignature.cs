using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// Who signed a certificate, by verifying the signature. <see cref="X509Chain"/> is no help: it judges against the machine's trust
/// store, and names alone prove nothing.
/// </summary>
static class CertificateSignature
{
    /// <summary>Name and signature: whether <paramref name="issuer"/> really issued <paramref name="certificate"/>.</summary>
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
    /// <exception cref="CryptographicException">The key is of no use.</exception>
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

    /// <summary>How its own signature was made.</summary>
    public static SignatureAlgorithm SignedBy(this X509Certificate2 certificate) => Split(certificate).Algorithm;

    /// <summary>Whether its key is marked as one for RSA-PSS alone.</summary>
    public static bool IsForPss(this X509Certificate2 certificate) => certificate.PublicKey.Oid.Value == SignatureAlgorithm.RsaPss;

    /// <summary>Whether its own signature is neither SHA-1 nor MD5, nor of a kind that is not known here.</summary>
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
