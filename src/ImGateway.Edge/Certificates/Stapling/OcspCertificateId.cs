using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Certificates.X509;

namespace ImGateway.Edge.Certificates.Stapling;

/// <summary>
/// CertID (RFC 6960 §4.1.1): hashes of the issuer, serial number of the certificate. SHA-1, which all responders support
/// (RFC 5019 §2.1.1); it need not be collision-resistant here, because the response is signed.
/// </summary>
sealed record OcspCertificateId(ReadOnlyMemory<byte> IssuerName, ReadOnlyMemory<byte> IssuerKey, ReadOnlyMemory<byte> SerialNumber)
{
    public static OcspCertificateId Of(X509Certificate2 certificate, X509Certificate2 issuer) =>
        new(Hash(issuer.SubjectName.RawData), KeyHash(issuer), certificate.SerialNumberBytes);

    /// <summary>The hash of the public key's bits without the algorithm; responders identify themselves by it too (RFC 6960 §4.2.1).</summary>
    public static byte[] KeyHash(X509Certificate2 certificate) => Hash(certificate.PublicKey.EncodedKeyValue.RawData);

    /// <summary>An OCSPRequest for this certificate, unsigned and without nonce, so that caches can answer it (RFC 5019 §2.1).</summary>
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
                request.WriteObjectIdentifier(Oids.Sha1);
                request.WriteNull();
            }

            request.WriteOctetString(IssuerName.Span);
            request.WriteOctetString(IssuerKey.Span);
            request.WriteInteger(SerialNumber.Span);
        }

        return request.Encode();
    }

    /// <summary>Whether the CertID with the content <paramref name="id"/> refers to the same certificate.</summary>
    public bool IsIn(AsnReader id) =>
        id.ReadSequence().ReadObjectIdentifier() == Oids.Sha1
        && id.ReadOctetString().AsSpan().SequenceEqual(IssuerName.Span)
        && id.ReadOctetString().AsSpan().SequenceEqual(IssuerKey.Span)
        && id.ReadIntegerBytes().Span.SequenceEqual(SerialNumber.Span);

    static byte[] Hash(byte[] data) => CryptographicOperations.HashData(HashAlgorithmName.SHA1, data);
}
