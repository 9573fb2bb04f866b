using System.Net;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Tls;

/// <summary>The SAN extension of certificates and signing requests for hosts (RFC 5280 §4.2.1.6).</summary>
static class SubjectAlternativeNames
{
    public static X509Extension For(params IReadOnlyList<HostName> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
        {
            if (host.IsAddress) names.AddIpAddress(IPAddress.Parse(host.Value));
            else names.AddDnsName(host.Value);
        }

        return names.Build();
    }
}
