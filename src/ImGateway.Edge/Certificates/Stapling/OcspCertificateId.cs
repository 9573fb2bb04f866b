using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Edge.Certificates.Stapling;

/// <summary>
/// CertID (RFC 6960 §4.1.1): the issuer by hashes, the certificate by its serial number. With SHA-1, which RFC 5019 §2.1.1 has all
/// responders know and which protects nothing here: the response is signed.
/// </summary>
sealed record OcspCertificateId(ReadOnlyMemory<byte> IssuerName, ReadOnlyMemory<byte> IssuerKey, ReadOnlyMemory<byte> SerialNumber)
{
    const string Sha1 = "1.3.14.3.2.26";

    public static OcspCertificateId Of(X509Certificate2 certificate, X509Certificate2 issuer) =>
        new(Hash(issuer.SubjectName.RawData), KeyHash(issuer), certificate.SerialNumberBytes);

    /// <summary>Of the public key's bits alone, without its algorithm: also how a responder names itself (RFC 6960 §4.2.1).</summary>
    public static byte[] KeyHash(X509Certificate2 certificate) => Hash(certificate.PublicKey.EncodedKeyValue.RawData);

    /// <summary>OCSPRequest with this alone: unsigned and without nonce, so that caches may answer it (RFC 5019 §2.1).</summary>
    public byte[] ToRequest()
    {
        var request = new AsnWriter(AsnEncodingRules.DER);
        using (request.PushSequence())
        using (request.PushSequence())
        using (request.PushSequence())
        using (request.PushSequence())
        using (request.PushSequence())
        {
            using (request.PushSequence())
            {
                request.WriteObjectIdentifier(Sha1);
                request.WriteNull();
            }

            request.WriteOctetString(IssuerName.Span);
            request.WriteOctetString(IssuerKey.Span);
            request.WriteInteger(SerialNumber.Span);
        }

        return request.Encode();
    }

    /// <summary>Whether the CertID that <paramref name="id"/> is the inside of means the same certificate.</summary>
    public bool IsIn(AsnReader id) =>
        id.ReadSequence().ReadObjectIdentifier() == Sha1
        && id.ReadOctetString().AsSpan().SequenceEqual(IssuerName.Span)
        && id.ReadOctetString().AsSpan().SequenceEqual(IssuerKey.Span)
        && id.ReadIntegerBytes().Span.SequenceEqual(SerialNumber.Span);

    static byte[] Hash(byte[] data) => CryptographicOperations.HashData(HashAlgorithmName.SHA1, data);
}
