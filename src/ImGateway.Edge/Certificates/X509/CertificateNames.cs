using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.X509;

static class CertificateNames
{
    const string CommonName = "2.5.4.3";

    /// <summary>
    /// DNS names and IP addresses of the SAN. The common name counts only if there is no SAN at all (RFC 2818 §3.1): current clients
    /// ignore it (RFC 9525 §2), but many guides create such certificates. A name that is not a valid host name covers no host.
    /// </summary>
    public static IReadOnlyList<HostName> Of(X509Certificate2 certificate)
    {
        List<HostName> names = [];
        foreach (var text in certificate.HasSan() ? Alternative(certificate) : Common(certificate))
        {
            if (HostName.TryParse(text, out var name) && !names.Contains(name)) names.Add(name);
        }

        return names;
    }

    public static bool HasSan(this X509Certificate2 certificate) => certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().Any();

    static IEnumerable<string> Alternative(X509Certificate2 certificate) => certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>()
        .SelectMany(extension => extension.EnumerateDnsNames().Concat(extension.EnumerateIPAddresses().Select(address => address.ToString())));

    /// <summary>The last common name, which is the most specific. A non-ASCII name is not an A-label and is ignored.</summary>
    static IEnumerable<string> Common(X509Certificate2 certificate) =>
        from part in certificate.SubjectName.EnumerateRelativeDistinguishedNames(reversed: true)
        where !part.HasMultipleElements && part.GetSingleElementType().Value == CommonName
        let text = part.GetSingleElementValue()
        where text is not null && text.All(char.IsAscii)
        select text;
}
