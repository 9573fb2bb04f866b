using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// Who signed a certificate, by verifying the signature. <see cref="X509Chain"/> is no help: it judges against the machine's trust
/// store, and names alone prove nothing.
/// </summary>
static class CertificateSignature
{
    const string RsaPss = "1.2.840.113549.1.1.10";

    static readonly Dictionary<string, HashAlgorithmName> Hashes = new()
    {
        ["1.2.840.113549.1.1.4"] = HashAlgorithmName.MD5,
        ["1.2.840.113549.1.1.5"] = HashAlgorithmName.SHA1,
        ["1.2.840.113549.1.1.11"] = HashAlgorithmName.SHA256,
        ["1.2.840.113549.1.1.12"] = HashAlgorithmName.SHA384,
        ["1.2.840.113549.1.1.13"] = HashAlgorithmName.SHA512,
        ["1.2.840.10045.4.1"] = HashAlgorithmName.SHA1,
        ["1.2.840.10045.4.3.2"] = HashAlgorithmName.SHA256,
        ["1.2.840.10045.4.3.3"] = HashAlgorithmName.SHA384,
        ["1.2.840.10045.4.3.4"] = HashAlgorithmName.SHA512,
        // As digests, within RSASSA-PSS parameters (RFC 4055 §2.1).
        ["1.3.14.3.2.26"] = HashAlgorithmName.SHA1,
        ["2.16.840.1.101.3.4.2.1"] = HashAlgorithmName.SHA256,
        ["2.16.840.1.101.3.4.2.2"] = HashAlgorithmName.SHA384,
        ["2.16.840.1.101.3.4.2.3"] = HashAlgorithmName.SHA512,
    };

    /// <summary>Name and signature: whether <paramref name="issuer"/> really issued <paramref name="certificate"/>.</summary>
    public static bool IsIssuedBy(this X509Certificate2 certificate, X509Certificate2 issuer)
    {
        if (!certificate.NamesAsIssuer(issuer)) return false;
        try
        {
            var (signed, padding, hash, signature) = Split(certificate);
            if (hash is null) return false;
            using var ecdsa = issuer.GetECDsaPublicKey();
            if (ecdsa is not null) return ecdsa.VerifyData(signed.Span, signature, hash.Value, DSASignatureFormat.Rfc3279DerSequence);
            using var rsa = issuer.GetRSAPublicKey();
            return rsa?.VerifyData(signed.Span, signature, hash.Value, padding) ?? false;
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            return false;
        }
    }

    public static bool NamesAsIssuer(this X509Certificate2 certificate, X509Certificate2 issuer) =>
        certificate.IssuerName.RawData.AsSpan().SequenceEqual(issuer.SubjectName.RawData);

    public static bool IsSelfSigned(this X509Certificate2 certificate) => certificate.IsIssuedBy(certificate);

    /// <summary>What the signature was made over; null: an algorithm that is not known here.</summary>
    public static HashAlgorithmName? SignatureHash(this X509Certificate2 certificate) => Split(certificate).Hash;

    /// <summary>Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue } (RFC 5280 §4.1).</summary>
    static (ReadOnlyMemory<byte> Signed, RSASignaturePadding Padding, HashAlgorithmName? Hash, byte[] Signature) Split(X509Certificate2 certificate)
    {
        var sequence = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.DER).ReadSequence();
        var signed = sequence.ReadEncodedValue();
        var algorithm = sequence.ReadSequence();
        var signature = sequence.ReadBitString(out _);
        var oid = algorithm.ReadObjectIdentifier();
        // .NET takes a salt as long as the hash for granted, as the CA/Browser Forum prescribes (BR 7.1.3.2.1).
        var pss = oid == RsaPss;
        HashAlgorithmName? hash = Hashes.TryGetValue(pss ? PssHash(algorithm) : oid, out var known) ? known : null;
        return (signed, pss ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1, hash, signature);
    }

    /// <summary>RSASSA-PSS-params ::= SEQUENCE { [0] hashAlgorithm DEFAULT sha1, … } (RFC 4055 §3.1).</summary>
    static string PssHash(AsnReader algorithm)
    {
        var explicitHash = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        var parameters = algorithm.HasData ? algorithm.ReadSequence() : null;
        return parameters is { HasData: true } && parameters.PeekTag().HasSameClassAndValue(explicitHash)
            ? parameters.ReadSequence(explicitHash).ReadSequence().ReadObjectIdentifier()
            : "1.3.14.3.2.26";
    }
}
