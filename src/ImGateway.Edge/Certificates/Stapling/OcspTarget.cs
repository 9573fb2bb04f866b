using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Stapling;

/// <summary>A certificate with its issuer and responders, whose status can be queried.</summary>
sealed record OcspTarget(X509Certificate2 Certificate, X509Certificate2 Issuer, IReadOnlyList<Uri> Responders)
{
    const string TlsFeature = "1.3.6.1.5.5.7.1.24";
    const int StatusRequest = 5;

    /// <summary>The number of responders tried: CAs name one or two, and a certificate could name hundreds.</summary>
    const int MaxResponders = 2;

    public OcspCertificateId Id { get; } = OcspCertificateId.Of(Certificate, Issuer);

    /// <summary>Null if the certificate names no responder (RFC 5280 §4.2.2.1), or its issuer is not in the chain.</summary>
    public static OcspTarget? Of(Credential credential)
    {
        var responders = RespondersOf(credential.Leaf);
        return responders.Count > 0 && credential.Delivered.Skip(1).FirstOrDefault(credential.Leaf.IsIssuedBy) is { } issuer
            ? new OcspTarget(credential.Leaf, issuer, responders)
            : null;
    }

    /// <summary>Whether clients must reject the certificate without a stapled response (TLS feature <c>status_request</c>, RFC 7633 §4).</summary>
    public static bool MustStaple(X509Certificate2 certificate)
    {
        if (certificate.Extensions[TlsFeature] is not { } extension) return false;
        try
        {
            var features = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (features.HasData)
            {
                if (features.TryReadInt32(out var feature) && feature == StatusRequest) return true;
            }

            return false;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    /// <summary>The certificate's state according to a stored response.</summary>
    public OcspState StateBy(byte[]? kept, DateTimeOffset now) =>
        kept is null || TryRead(kept, now) is not { } answer ? OcspState.Stale
        : answer.Status is OcspCertificateStatus.Good ? OcspState.Good
        : OcspState.Revoked;

    /// <summary>Null unless the response is valid now, refers to this certificate, and its status is good or revoked.</summary>
    public OcspAnswer? TryRead(byte[] response, DateTimeOffset now)
    {
        try
        {
            var answer = OcspResponse.Read(response, this, now);
            return answer.Status is OcspCertificateStatus.Unknown ? null : answer;
        }
        catch (OcspException)
        {
            return null;
        }
    }

    static IReadOnlyList<Uri> RespondersOf(X509Certificate2 certificate)
    {
        try
        {
            return
            [
                .. certificate.Extensions.OfType<X509AuthorityInformationAccessExtension>()
                    .SelectMany(extension => extension.EnumerateOcspUris())
                    .Select(text => Uri.TryCreate(text, UriKind.Absolute, out var uri) ? uri : null)
                    .OfType<Uri>()
                    .Where(uri => uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
                    .Take(MaxResponders),
            ];
        }
        catch (CryptographicException)
        {
            return [];
        }
    }
}
