using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>A and AAAA of a host, as this machine's resolver has them.</summary>
static class HostAddresses
{
    const string Check = "dns";

    public static async Task<IEnumerable<Finding>> LookAsync(HostName host, EdgeOptions options, CancellationToken cancellationToken)
    {
        // Any name that a wildcard covers tells whether the zone has the wildcard too.
        var name = host.IsWildcard ? $"imgw-doctor{host.Value[1..]}" : host.Value;
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(name, cancellationToken);
            if (addresses.Length > 0) return [new(Check, FindingStatus.Ok, $"{host}: {string.Join(", ", addresses.Select(address => address.ToString()))}{Whose(addresses)}")];
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData)
        {
            // Told below, as an empty answer is.
        }
        catch (SocketException e)
        {
            return [new(Check, FindingStatus.Warn, $"{host}: the resolver cannot say ({e.Message.TrimEnd('.')})", "see to the name servers of this machine")];
        }

        var needed = options.Certificates.Source is CertificateSource.Acme
            && !options.Acme.Challenges.Any(challenge => challenge is ChallengeTypes.Dns or ChallengeTypes.DnsPersist);
        return
        [
            new(Check, needed ? FindingStatus.Fail : FindingStatus.Warn, $"{host}: has no address{(needed ? ", and the CA connects to it to validate" : "")}", "set A and AAAA records that lead here"),
        ];
    }

    static string Whose(IPAddress[] addresses)
    {
        var own = NetworkInterface.GetAllNetworkInterfaces().SelectMany(network => network.GetIPProperties().UnicastAddresses).Select(address => address.Address).ToHashSet();
        return addresses.All(own.Contains) ? "" : ", not all of this machine: fine where a router or load balancer leads here";
    }
}
