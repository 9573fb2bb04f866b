using System.Buffers.Text;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Acme;

/// <summary>The identifier of a certificate in ARI and in <see cref="OrderRequest.Replaces"/>.</summary>
public static class CertificateId
{
    /// <summary>RFC 9773 §4.1: base64url of the authority key identifier, a dot, base64url of the serial number. Null if the certificate has no authority key identifier.</summary>
    public static string? Of(X509Certificate2 certificate)
    {
        try
        {
            var issuer = certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier;
            if (issuer is not { IsEmpty: false } identifier) return null;

            // The serial number as DER encodes it, with the leading zero byte before a high bit, which .NET's properties omit.
            var tbs = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.BER).ReadSequence().ReadSequence();
            var version = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
            if (tbs.PeekTag() == version) tbs.ReadSequence(version);
            return $"{Base64Url.EncodeToString(identifier.Span)}.{Base64Url.EncodeToString(tbs.ReadIntegerBytes().Span)}";
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            return null;
        }
    }
}
