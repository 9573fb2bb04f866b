using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Files;

/// <summary>Finds valid files, and a CA, that are configured and not used, because other certificates serve their hosts.</summary>
/// <param name="offers">The certificates of the files, in configuration order.</param>
/// <param name="served">The certificates that hosts are served, or would be.</param>
sealed class UnusedFiles(EdgeOptions options, IReadOnlyList<HostCertificate> offers, IReadOnlyDictionary<HostName, HostCertificate> served, DateTimeOffset now)
{
    /// <summary>The number of hosts listed: a certificate may cover thousands.</summary>
    const int NamedHosts = 3;

    // Looked up and not searched: for n files of n hosts, a search for each file would cost n².
    readonly ILookup<string, (int Position, HostName Host)> _hosts = options.Hosts.Index().SelectMany(host => host.Item.MatchingValues().Select(value => (value, host))).ToLookup(entry => entry.value, entry => entry.host, StringComparer.Ordinal);
    readonly ILookup<string, HostCertificate> _byFingerprint = offers.ToLookup(offer => offer.Credential.Fingerprint, StringComparer.Ordinal);

    public IReadOnlyList<CertificateProblem> Problems() =>
    [
        // A certificate outside its validity period is reported elsewhere.
        .. from offer in offers
           where offer.Credential.IsValid(now)
           let why = WhyUnused(offer)
           where why is not null
           select new CertificateProblem(offer.Origin, $"serves no host: {why}", Remedy(offer)),
        .. options.Certificates.Source is CertificateSource.Acme && options.Hosts.All(new CertificateIndex(offers).Covers)
            ? [new CertificateProblem("Edge:Certificates:Source", "Acme issues nothing, because Edge:Certificates:Files cover every host", "write Files, or remove the files of hosts that the CA is to issue for")]
            : (CertificateProblem[])[],
    ];

    string? WhyUnused(HostCertificate offer)
    {
        List<HostName> hosts = [.. offer.Credential.Names.SelectMany(name => _hosts[name.Value]).Distinct().OrderBy(host => host.Position).Select(host => host.Host)];
        if (hosts.Exists(host => served.TryGetValue(host, out var current) && IsSame(current, offer)))
        {
            var used = CertificateRanking.Best(hosts[0], _byFingerprint[offer.Credential.Fingerprint], now)!;
            return used == offer ? null : Clause(hosts, (used.Origin, "which holds the same certificate"));
        }

        List<(HostName Host, (string From, string Why) Winner)> won = [];
        foreach (var host in hosts)
        {
            // If the host has no certificate, or a worse one, there is another reason, which is reported elsewhere.
            if (WinnerOf(host, offer) is not { } winner) return null;
            won.Add((host, winner));
        }

        return won.Count == 0 ? null : string.Join(", ", won.GroupBy(each => each.Winner, each => each.Host).Select(group => Clause([.. group], group.Key)));
    }

    (string From, string Why)? WinnerOf(HostName host, HostCertificate offer)
    {
        if (!served.TryGetValue(host, out var current)) return null;
        if (current.ByHand) return ($"what was imported or rolled back ({current.Origin})", "which stands until the file changes");
        var file = _byFingerprint[current.Credential.Fingerprint].FirstOrDefault();
        return file is not null && CertificateRanking.WhyRatherThan(file.Credential, offer.Credential, host, now) is { } why ? (file.Origin, why) : null;
    }

    string Remedy(HostCertificate offer) => served.Values.Any(current => current.ByHand && current.FileHash == offer.FileHash)
        ? "write a new certificate to the file when it is to be served again"
        : "remove one of them from Edge:Certificates:Files";

    static bool IsSame(HostCertificate one, HostCertificate other) => one.Credential.Fingerprint == other.Credential.Fingerprint;

    static string Clause(IReadOnlyList<HostName> hosts, (string From, string Why) winner)
    {
        var names = string.Join(", ", hosts.Take(NamedHosts)) + (hosts.Count > NamedHosts ? $" and {hosts.Count - NamedHosts} more" : "");
        return $"{names} {(hosts.Count == 1 ? "is" : "are")} served from {winner.From}, {winner.Why}";
    }
}
