using System.Net;

namespace ImGateway.Edge.Configuration.Reading;

/// <summary>Checks whether a public CA can issue a certificate for a host by ACME.</summary>
static class AcmeHosts
{
    /// <summary>
    /// Never delegated in the public DNS (RFC 6761, RFC 6762, RFC 8375, and ICANN's reservation of internal). Names and addresses for
    /// documentation are not rejected, here and below, so that examples can be validated.
    /// </summary>
    static readonly string[] PrivateSuffixes = [".localhost", ".local", ".test", ".invalid", ".internal", ".home.arpa"];

    // Networks that are not globally reachable (RFC 6890).
    static readonly IPNetwork[] PrivateNetworks =
    [
        .. ((string[])
        [
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15",
            "224.0.0.0/3", "::/127", "fc00::/7", "fe80::/10", "ff00::/8",
        ]).Select(network => IPNetwork.Parse(network)),
    ];

    /// <summary>Why no certificate can be issued, and the remedy; null if one can.</summary>
    public static (string Fault, string Remedy)? FaultOf(HostName host, AcmeSection acme)
    {
        const string own = "cover it by a file in Edge:Certificates:Files, or ask a CA of your own (Edge:Acme:Directory with its URL)";
        if (AcmeDirectories.IsPublic(acme.Directory) && IsPrivate(host)) return ($"'{host}' is no name or address of the public Internet, and {acme.Directory} issues only for these", own);
        if (host.IsWildcard && !Has(ChallengeTypes.Dns) && !Has(ChallengeTypes.DnsPersist))
        {
            return ($"'{host}' is a wildcard, which only {ChallengeTypes.Dns} or {ChallengeTypes.DnsPersist} can prove", "add one of them to Edge:Acme:Challenges");
        }

        if (!host.IsAddress) return null;
        // dns-01 cannot validate an address (RFC 8738 §7).
        if (!Has(ChallengeTypes.Http) && !Has(ChallengeTypes.TlsAlpn))
        {
            return ($"'{host}' is an address, which only {ChallengeTypes.Http} or {ChallengeTypes.TlsAlpn} can prove", "add one of them to Edge:Acme:Challenges");
        }

        return AcmeDirectories.IsLetsEncrypt(acme.Directory) && acme.Profile != "shortlived"
            ? ($"'{host}' is an address, for which Let's Encrypt issues only with profile shortlived", "set Edge:Acme:Profile to shortlived")
            : null;

        bool Has(string challenge) => acme.Challenges.Contains(challenge, StringComparer.Ordinal);
    }

    static bool IsPrivate(HostName host)
    {
        if (!host.IsAddress) return !host.Value.Contains('.') || PrivateSuffixes.Any(suffix => host.Value.EndsWith(suffix, StringComparison.Ordinal));
        return PrivateNetworks.AnyContains(IPAddress.Parse(host.Value));
    }
}
