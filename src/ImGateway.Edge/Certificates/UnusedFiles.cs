using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

/// <summary>What is configured and never used, because other certificates serve its hosts: sound files, and a CA.</summary>
/// <param name="offers">What the files hold, in the order in which they are configured.</param>
/// <param name="served">What hosts are served from, or would be.</param>
sealed class UnusedFiles(EdgeOptions options, IReadOnlyList<ServedCredential> offers, IReadOnlyDictionary<HostName, ServedCredential> served, DateTimeOffset now)
{
    /// <summary>A certificate may be for thousands of hosts.</summary>
    const int NamedHosts = 3;

    public IReadOnlyList<CertificateProblem> Problems() =>
    [
        // What is not valid yet, or any more, is reported as that.
        .. from offer in offers
           where offer.Credential.IsValid(now)
           let why = WhyUnused(offer)
           where why is not null
           select new CertificateProblem(offer.Origin, $"serves no host: {why}", Remedy(offer)),
        .. options.Certificates.Source is CertificateSource.Acme && options.Hosts.All(host => offers.Any(offer => offer.Credential.Covers(host)))
            ? [new CertificateProblem("Edge:Certificates:Source", "Acme issues nothing, because Certificates:Files cover every host", "write Files, or remove the files of hosts that the CA is to issue for")]
            : (CertificateProblem[])[],
    ];

    string? WhyUnused(ServedCredential offer)
    {
        List<HostName> hosts = [.. options.Hosts.Where(offer.Credential.Covers)];
        if (hosts.Exists(host => served.TryGetValue(host, out var current) && IsSame(current, offer)))
        {
            var used = CertificateChoice.Best(hosts[0], offers.Where(other => IsSame(other, offer)), now)!;
            return used == offer ? null : Clause(hosts, (used.Origin, "which holds the same certificate"));
        }

        List<(HostName Host, (string From, string Why) Winner)> won = [];
        foreach (var host in hosts)
        {
            // For a host that has nothing, or something worse, there is another reason, which is reported on its own.
            if (WinnerOf(host, offer) is not { } winner) return null;
            won.Add((host, winner));
        }

        return won.Count == 0 ? null : string.Join(", ", won.GroupBy(each => each.Winner, each => each.Host).Select(group => Clause([.. group], group.Key)));
    }

    (string From, string Why)? WinnerOf(HostName host, ServedCredential offer)
    {
        if (!served.TryGetValue(host, out var current)) return null;
        if (current.ByHand) return ($"what was imported or rolled back ({current.Origin})", "which stands until the file changes");
        var file = offers.FirstOrDefault(other => IsSame(other, current));
        return file is not null && CertificateChoice.WhyRatherThan(file.Credential, offer.Credential, host, now) is { } why ? (file.Origin, why) : null;
    }

    string Remedy(ServedCredential offer) => served.Values.Any(current => current.ByHand && current.FileHash == offer.FileHash)
        ? "write a new certificate to the file when it is to be served again"
        : "remove one of them from Certificates:Files";

    static bool IsSame(ServedCredential one, ServedCredential other) => one.Credential.Fingerprint == other.Credential.Fingerprint;

    static string Clause(IReadOnlyList<HostName> hosts, (string From, string Why) winner)
    {
        var names = string.Join(", ", hosts.Take(NamedHosts)) + (hosts.Count > NamedHosts ? $" and {hosts.Count - NamedHosts} more" : "");
        return $"{names} {(hosts.Count == 1 ? "is" : "are")} served from {winner.From}, {winner.Why}";
    }
}
