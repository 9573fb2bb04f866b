using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Testing;

public enum OcspStatus
{
    Good,
    Revoked,
    Unknown,
}

/// <summary>An OCSP response as a responder sends it (RFC 6960 §4.2), right unless a test bends it.</summary>
public sealed record PkiOcspResponse(X509Certificate2 Certificate, TestCa Issuer)
{
    public OcspStatus Status { get; init; }

    public DateTimeOffset ThisUpdate { get; init; } = TimeProvider.System.GetUtcNow().AddMinutes(-1);

    /// <summary>Null leaves it out.</summary>
    public DateTimeOffset? NextUpdate { get; init; } = TimeProvider.System.GetUtcNow().AddDays(7);

    /// <summary>Default the certificate's.</summary>
    public byte[]? SerialNumber { get; init; }

    /// <summary>Who signs instead of the issuer, with a P-256 key: sent along.</summary>
    public IssuedCertificate? Delegate { get; init; }

    /// <summary>The key that really signs, whichever responder is named.</summary>
    public string? ForgedWithKey { get; init; }

    public HashAlgorithmName Hash { get; init; } = HashAlgorithmName.SHA256;

    /// <summary>An answer without response: 3 is tryLater.</summary>
    public static byte[] Error(byte status) => [0x30, 0x03, 0x0A, 0x01, status];

    public byte[] ToBytes()
    {
        var data = Data();
        using var key = ECDsa.Create();
        key.ImportFromPem(ForgedWithKey ?? Delegate?.KeyPem ?? Issuer.KeyPem);

        var basic = new AsnWriter(AsnEncodingRules.DER);
        using (basic.PushSequence())
        {
            basic.WriteEncodedValue(data);
            using (basic.PushSequence()) basic.WriteObjectIdentifier(Hash == HashAlgorithmName.SHA1 ? "1.2.840.10045.4.1" : "1.2.840.10045.4.3.2");
            basic.WriteBitString(key.SignData(data, Hash, DSASignatureFormat.Rfc3279DerSequence));
            if (Delegate is not null)
            {
                using (basic.PushSequence(Tag(0)))
                using (basic.PushSequence()) basic.WriteEncodedValue(Delegate.Leaf.RawData);
            }
        }

        var response = new AsnWriter(AsnEncodingRules.DER);
        using (response.PushSequence())
        {
            response.WriteEncodedValue([0x0A, 0x01, 0x00]);
            using (response.PushSequence(Tag(0)))
            using (response.PushSequence())
            {
                response.WriteObjectIdentifier("1.3.6.1.5.5.7.48.1.1");
                response.WriteOctetString(basic.Encode());
            }
        }

        return response.Encode();
    }

    byte[] Data()
    {
        var signer = Delegate?.Leaf ?? Issuer.Certificate;
        var data = new AsnWriter(AsnEncodingRules.DER);
        using (data.PushSequence())
        {
            // Delegates by the hash of their key, issuers by name: both forms are met.
            if (Delegate is null) using (data.PushSequence(Tag(1))) data.WriteEncodedValue(signer.SubjectName.RawData);
            else using (data.PushSequence(Tag(2))) data.WriteOctetString(Sha1(signer.PublicKey.EncodedKeyValue.RawData));
            data.WriteGeneralizedTime(ThisUpdate, omitFractionalSeconds: true);
            using (data.PushSequence())
            using (data.PushSequence())
            {
                WriteId(data);
                WriteStatus(data);
                data.WriteGeneralizedTime(ThisUpdate, omitFractionalSeconds: true);
                if (NextUpdate is { } end) using (data.PushSequence(Tag(0))) data.WriteGeneralizedTime(end, omitFractionalSeconds: true);
            }
        }

        return data.Encode();
    }

    void WriteId(AsnWriter data)
    {
        using (data.PushSequence())
        {
            using (data.PushSequence())
            {
                data.WriteObjectIdentifier("1.3.14.3.2.26");
                data.WriteNull();
            }

            data.WriteOctetString(Sha1(Issuer.Certificate.SubjectName.RawData));
            data.WriteOctetString(Sha1(Issuer.Certificate.PublicKey.EncodedKeyValue.RawData));
            data.WriteInteger(SerialNumber ?? Certificate.SerialNumberBytes.Span);
        }
    }

    void WriteStatus(AsnWriter data)
    {
        if (Status is OcspStatus.Revoked) using (data.PushSequence(Tag(1))) data.WriteGeneralizedTime(ThisUpdate, omitFractionalSeconds: true);
        else data.WriteNull(new Asn1Tag(TagClass.ContextSpecific, (int)Status));
    }

    static byte[] Sha1(byte[] data) => CryptographicOperations.HashData(HashAlgorithmName.SHA1, data);

    static Asn1Tag Tag(int value) => new(TagClass.ContextSpecific, value, isConstructed: true);
}
