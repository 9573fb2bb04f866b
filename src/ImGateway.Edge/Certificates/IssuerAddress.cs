using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Edge.Certificates;

static class IssuerAddress
{
    /// <summary>Where the certificate of the issuer can be had, as <paramref name="certificate"/> says (RFC 5280 §4.2.2.1); null where it does not.</summary>
    public static string? Of(X509Certificate2 certificate)
    {
        try
        {
            return certificate.Extensions.OfType<X509AuthorityInformationAccessExtension>().SelectMany(extension => extension.EnumerateCAIssuersUris()).FirstOrDefault();
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
