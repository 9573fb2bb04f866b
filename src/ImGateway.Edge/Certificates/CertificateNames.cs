using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

static class CertificateNames
{
    /// <summary>
    /// DNS names and IP addresses of the SAN, and nothing else: the common name has named no server since RFC 6125, and RFC 9525 §2
    /// says so outright. What is no host name (some CAs write odd things) covers no host.
    /// </summary>
    public static IReadOnlyList<HostName> Of(X509Certificate2 certificate)
    {
        List<HostName> names = [];
        foreach (var extension in certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>())
        {
            foreach (var text in extension.EnumerateDnsNames().Concat(extension.EnumerateIPAddresses().Select(address => address.ToString())))
            {
                if (HostName.TryParse(text, out var name) && !names.Contains(name)) names.Add(name);
            }
        }

        return names;
    }
}
