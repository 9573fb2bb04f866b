using System.Formats.Asn1;
using System.Security.Cryptography;
using ImGateway.Edge.Certificates.X509;

namespace ImGateway.Edge.Certificates.Stapling;

/// <summary>
/// Parses and verifies an OCSPResponse (RFC 6960 §4.2) in the order of §3.2: it refers to the certificate, its signer is authorized, and
/// it is current.
/// </summary>
static class OcspResponse
{
    const string Basic = "1.3.6.1.5.5.7.48.1.1";

    /// <summary>Tolerated difference between the CA's clock and the local one.</summary>
    static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    /// <summary>Validity of a response without <c>nextUpdate</c>, for which newer status is always available (RFC 6960 §4.2.2.1).</summary>
    static readonly TimeSpan LifeWithoutEnd = TimeSpan.FromHours(1);

    static readonly Asn1Tag Tag0 = new(TagClass.ContextSpecific, 0, isConstructed: true);

    /// <exception cref="OcspException">The response is invalid.</exception>
    public static OcspAnswer Read(byte[] response, OcspTarget target, DateTimeOffset now)
    {
        try
        {
            // 1. The structure: status, type, signed data, signer.
            var basic = Unwrap(response);
            var signed = basic.PeekEncodedValue();
            var data = basic.ReadSequence();
            var algorithm = SignatureAlgorithm.Read(basic.ReadSequence());
            var signature = basic.ReadBitString(out _);
            if (data.PeekTag().HasSameClassAndValue(Tag0)) data.ReadSequence(Tag0);
            var responder = data.ReadEncodedValue();
            data.ReadGeneralizedTime();

            // 2. The entry of the certificate.
            var answer = Find(data.ReadSequence(), target.Id, response);

            // 3. Signed by the issuer or by a responder that the issuer has delegated.
            if (!algorithm.IsStrong) throw new OcspException("it is signed by an algorithm that is too weak or not known");
            using var delegated = OcspSigner.Find(responder, target.Issuer, basic.HasData ? basic.ReadSequence(Tag0) : null, now, ClockSkew);
            if (!(delegated ?? target.Issuer).HasSigned(signed.Span, algorithm, signature)) throw new OcspException("its signature is wrong");

            // 4. Current. There is no tolerance at the end: some clients reject an expired response.
            if (answer.ThisUpdate > now + ClockSkew) throw new OcspException($"it is of the future ({answer.ThisUpdate:u}); see to this machine's clock");
            if (answer.NextUpdate <= now) throw new OcspException($"it expired at {answer.NextUpdate:u}");
            return answer;
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            throw new OcspException("it is no OCSP response", e);
        }
    }

    /// <summary>The content of BasicOCSPResponse.</summary>
    static AsnReader Unwrap(byte[] response)
    {
        var outside = new AsnReader(response, AsnEncodingRules.DER);
        var reader = outside.ReadSequence();
        outside.ThrowIfNotEmpty();
        var status = reader.ReadEnumeratedValue<ResponseStatus>();
        if (status is not ResponseStatus.Successful) throw new OcspException($"it says {status}");
        var bytes = reader.ReadSequence(Tag0).ReadSequence();
        return bytes.ReadObjectIdentifier() == Basic
            ? new AsnReader(bytes.ReadOctetString(), AsnEncodingRules.DER).ReadSequence()
            : throw new OcspException("it is of a kind that is not known");
    }

    static OcspAnswer Find(AsnReader responses, OcspCertificateId id, byte[] response)
    {
        while (responses.HasData)
        {
            var single = responses.ReadSequence();
            if (!id.IsIn(single.ReadSequence())) continue;
            var status = single.PeekTag() switch
            {
                { TagClass: TagClass.ContextSpecific, TagValue: 0 } => OcspCertificateStatus.Good,
                { TagClass: TagClass.ContextSpecific, TagValue: 1 } => OcspCertificateStatus.Revoked,
                _ => OcspCertificateStatus.Unknown,
            };
            single.ReadEncodedValue();
            var thisUpdate = single.ReadGeneralizedTime();
            var ends = single.HasData && single.PeekTag().HasSameClassAndValue(Tag0);
            var nextUpdate = ends ? single.ReadSequence(Tag0).ReadGeneralizedTime() : thisUpdate + LifeWithoutEnd;
            return nextUpdate > thisUpdate
                ? new OcspAnswer(status, thisUpdate, nextUpdate, response)
                : throw new OcspException("it ends before it begins");
        }

        throw new OcspException("it is about another certificate");
    }

    /// <summary>OCSPResponseStatus.</summary>
    enum ResponseStatus
    {
        Successful = 0,
        MalformedRequest = 1,
        InternalError = 2,
        TryLater = 3,
        SigRequired = 5,
        Unauthorized = 6,
    }
}

enum OcspCertificateStatus
{
    Good,
    Revoked,
    Unknown,
}

/// <summary>The status of one certificate from a verified response.</summary>
/// <param name="ThisUpdate">The time at which the status was known to be correct.</param>
/// <param name="NextUpdate">The end of the response's validity.</param>
/// <param name="Response">The whole response in DER, for stapling.</param>
sealed record OcspAnswer(OcspCertificateStatus Status, DateTimeOffset ThisUpdate, DateTimeOffset NextUpdate, byte[] Response);

/// <summary>No response, or an invalid one. The message is a short clause with the reason.</summary>
sealed class OcspException(string message, Exception? inner = null) : Exception(message, inner);
