using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using ARSoft.Tools.Net.Dns;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Checks the A and AAAA records of a host in the DNS, which clients and CAs use; local files such as /etc/hosts come second.</summary>
static class HostAddressCheck
{
    const string Check = "dns";
    const string Remedy = "set A and AAAA records that lead here";

    public static async Task<IEnumerable<Finding>> CheckAsync(HostName host, EdgeOptions options, Resolver dns, CancellationToken cancellationToken)
    {
        // Any name below the wildcard serves: if it has an address, the zone has the wildcard.
        var name = host.IsWildcard ? $"imgw-doctor{host.Value[1..]}" : host.Value;
        var isNeeded = options.Certificates.Source is CertificateSource.Acme
            && !options.Acme.Challenges.Any(challenge => challenge is ChallengeTypes.Dns or ChallengeTypes.DnsPersist);

        // 1. The DNS, as the CA and clients see it.
        string? problem = null;
        try
        {
            var addresses = await AskAsync(name, dns, cancellationToken);
            if (addresses.Count > 0) return [new(Check, FindingStatus.Ok, $"{host}: {Text(addresses)}{Whose(addresses)}")];
        }
        catch (DnsException e)
        {
            problem = e.Message;
        }

        // 2. Local sources such as /etc/hosts.
        if (await OwnAsync(name, cancellationToken) is { Count: > 0 } own)
        {
            var what = $"{host}: {Text(own)}, of this machine's own files alone: {(problem is null ? "the name servers have no address" : $"the name servers cannot be asked ({problem})")}";
            return [isNeeded ? new(Check, FindingStatus.Warn, what, $"{Remedy}, unless the CA knows the host otherwise") : new(Check, FindingStatus.Ok, what)];
        }

        return
        [
            problem is not null ? new(Check, FindingStatus.Warn, $"{host}: the name servers cannot be asked ({problem})", "see to the name servers of this machine")
                : new(Check, isNeeded ? FindingStatus.Fail : FindingStatus.Warn, $"{host}: has no address{(isNeeded ? ", and the CA connects to it to validate" : "")}", Remedy),
        ];
    }

    static async Task<IReadOnlyList<IPAddress>> AskAsync(string name, Resolver dns, CancellationToken cancellationToken)
    {
        var four = dns.QueryAsync<ARecord>(name, RecordType.A, cancellationToken);
        var six = dns.QueryAsync<AaaaRecord>(name, RecordType.Aaaa, cancellationToken);
        await Task.WhenAll(four, six);
        return [.. (await four).Select(record => record.Address), .. (await six).Select(record => record.Address)];
    }

    static async Task<IReadOnlyList<IPAddress>> OwnAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await Dns.GetHostAddressesAsync(name, cancellationToken);
        }
        catch (SocketException)
        {
            return [];
        }
    }

    static string Text(IEnumerable<IPAddress> addresses) => string.Join(", ", addresses);

    static string Whose(IReadOnlyList<IPAddress> addresses)
    {
        var own = NetworkInterface.GetAllNetworkInterfaces().SelectMany(network => network.GetIPProperties().UnicastAddresses).Select(address => address.Address).ToHashSet();
        return addresses.All(own.Contains) ? "" : ", not all of this machine: fine where a router or load balancer leads here";
    }
}
