using System.Formats.Asn1;
using System.Security.Cryptography;

namespace ImGateway.Testing;

enum CaOcspStatus
{
    Good = 0,
    Revoked = 1,
    Unknown = 2,
}

/// <summary>The certificate that a request asks about (RFC 6960 §4.1.1); only the first of several.</summary>
sealed record CaOcspCertificateId(byte[] Encoded, byte[] Serial)
{
    public static CaOcspCertificateId ReadFrom(byte[] request)
    {
        var tbs = new AsnReader(request, AsnEncodingRules.DER).ReadSequence().ReadSequence();
        while (tbs.PeekTag().TagClass == TagClass.ContextSpecific) tbs.ReadEncodedValue();
        var encoded = tbs.ReadSequence().ReadSequence().ReadEncodedValue().ToArray();
        var id = new AsnReader(encoded, AsnEncodingRules.DER).ReadSequence();
        for (var skipped = 0; skipped < 3; skipped++) id.ReadEncodedValue();
        return new(encoded, id.ReadIntegerBytes().ToArray());
    }

    /// <summary>The serial is the last field: its last byte is changed.</summary>
    public byte[] WithOtherSerial()
    {
        var other = Encoded.ToArray();
        other[^1] ^= 1;
        return other;
    }
}

/// <summary>A basic OCSP response of one status (RFC 6960 §4.2.1).</summary>
sealed record CaOcspResponse
{
    static readonly Asn1Tag Tag0 = new(TagClass.ContextSpecific, 0);
    static readonly Asn1Tag Tag1 = new(TagClass.ContextSpecific, 1);

    public required byte[] CertificateId { get; init; }

    public required CaOcspStatus Status { get; init; }

    public required DateTimeOffset ThisUpdate { get; init; }

    public required DateTimeOffset NextUpdate { get; init; }

    public DateTimeOffset Revoked { get; init; }

    public int Reason { get; init; }

    public byte[] Sign(CaSigner signer)
    {
        var data = ResponseData(signer);
        var generator = signer.Generator;
        var basic = new AsnWriter(AsnEncodingRules.DER);
        using (basic.PushSequence())
        {
            basic.WriteEncodedValue(data);
            basic.WriteEncodedValue(generator.GetSignatureAlgorithmIdentifier(HashAlgorithmName.SHA256));
            basic.WriteBitString(generator.SignData(data, HashAlgorithmName.SHA256));
        }

        var response = new AsnWriter(AsnEncodingRules.DER);
        using (response.PushSequence())
        {
            response.WriteEncodedValue([0x0A, 0x01, 0x00]);
            using (response.PushSequence(Tag0))
            using (response.PushSequence())
            {
                response.WriteObjectIdentifier("1.3.6.1.5.5.7.48.1.1");
                response.WriteOctetString(basic.Encode());
            }
        }

        return response.Encode();
    }

    byte[] ResponseData(CaSigner signer)
    {
        var data = new AsnWriter(AsnEncodingRules.DER);
        using (data.PushSequence())
        {
            // responderID by name.
            using (data.PushSequence(Tag1)) data.WriteEncodedValue(signer.Certificate.SubjectName.RawData);
            Write(data, ThisUpdate);
            using (data.PushSequence())
            using (data.PushSequence())
            {
                data.WriteEncodedValue(CertificateId);
                WriteStatus(data);
                Write(data, ThisUpdate);
                using (data.PushSequence(Tag0)) Write(data, NextUpdate);
            }
        }

        return data.Encode();
    }

    void WriteStatus(AsnWriter data)
    {
        if (Status is not CaOcspStatus.Revoked)
        {
            data.WriteNull(new Asn1Tag(TagClass.ContextSpecific, (int)Status));
            return;
        }

        using (data.PushSequence(Tag1))
        {
            Write(data, Revoked);
            // DER has no explicit "unspecified" (RFC 5280 §5.3.1).
            if (Reason == 0) return;
            using (data.PushSequence(Tag0)) data.WriteEncodedValue([0x0A, 0x01, (byte)Reason]);
        }
    }

    static void Write(AsnWriter writer, DateTimeOffset time) => writer.WriteGeneralizedTime(time, omitFractionalSeconds: true);
}
