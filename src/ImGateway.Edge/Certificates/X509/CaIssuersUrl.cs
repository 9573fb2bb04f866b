using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Edge.Certificates.X509;

static class CaIssuersUrl
{
    /// <summary>The URL of the issuer's certificate from the authority information access extension of <paramref name="certificate"/> (RFC 5280 §4.2.2.1); null if it has none.</summary>
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
