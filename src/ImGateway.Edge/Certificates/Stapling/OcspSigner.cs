using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Stapling;

/// <summary>Finds the authorized signer of a response (RFC 6960 §4.2.2.2): the issuer, or a certificate that the issuer has issued for OCSP signing.</summary>
static class OcspSigner
{
    const string OcspSigning = "1.3.6.1.5.5.7.3.9";

    /// <summary>The number of certificates examined: responders send one, some its issuers too.</summary>
    const int MaxCertificates = 8;

    /// <param name="responder">The ResponderID.</param>
    /// <param name="certificates">The content of <c>certs</c>, if present.</param>
    /// <returns>The delegated responder's certificate; null if the issuer itself signs.</returns>
    /// <exception cref="OcspException">The signer is not authorized.</exception>
    public static X509Certificate2? Find(ReadOnlyMemory<byte> responder, X509Certificate2 issuer, AsnReader? certificates, DateTimeOffset now, TimeSpan skew)
    {
        if (IsNamed(responder, issuer)) return null;
        var sequence = certificates?.ReadSequence();
        for (var count = 0; sequence is { HasData: true } && count < MaxCertificates; count++)
        {
            var certificate = X509CertificateLoader.LoadCertificate(sequence.ReadEncodedValue().Span);
            if (IsNamed(responder, certificate) && MaySign(certificate, issuer, now, skew)) return certificate;
            certificate.Dispose();
        }

        throw new OcspException("it is signed neither by the certificate's issuer nor by a responder that the issuer has delegated");
    }

    /// <summary>ResponderID ::= CHOICE { byName [1] Name, byKey [2] KeyHash }, both tags explicit.</summary>
    static bool IsNamed(ReadOnlyMemory<byte> responder, X509Certificate2 certificate)
    {
        var reader = new AsnReader(responder, AsnEncodingRules.DER);
        var tag = reader.PeekTag();
        var inside = reader.ReadSequence(tag);
        return tag.TagValue == 2
            ? inside.ReadOctetString().AsSpan().SequenceEqual(OcspCertificateId.KeyHash(certificate))
            : DistinguishedNames.AreEqual(inside.ReadEncodedValue().Span, certificate.SubjectName.RawData);
    }

    static bool MaySign(X509Certificate2 certificate, X509Certificate2 issuer, DateTimeOffset now, TimeSpan skew)
    {
        var usages = certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().SelectMany(extension => extension.EnhancedKeyUsages.Cast<Oid>());
        return usages.Any(usage => usage.Value == OcspSigning)
            && certificate.Extensions.OfType<X509KeyUsageExtension>().All(extension => extension.KeyUsages.HasFlag(X509KeyUsageFlags.DigitalSignature))
            && now + skew >= certificate.ValidFrom() && now - skew <= certificate.ValidUntil()
            && certificate.HasStrongSignature()
            && certificate.IsIssuedBy(issuer);
    }
}
