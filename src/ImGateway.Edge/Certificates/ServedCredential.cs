using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates;

/// <summary>A credential and where it came from.</summary>
/// <param name="Source">As the metrics say it.</param>
/// <param name="Origin">The file, or the development CA's.</param>
public sealed record ServedCredential(Credential Credential, string Source, string Origin)
{
    public const string Files = "files";
    public const string SelfSigned = "self-signed";

    /// <summary>Which of <paramref name="candidates"/> each host gets; hosts that none covers have no entry.</summary>
    public static IReadOnlyDictionary<HostName, ServedCredential> Choose(
        IReadOnlyList<HostName> hosts, IReadOnlyCollection<ServedCredential> candidates)
    {
        Dictionary<HostName, ServedCredential> table = [];
        foreach (var host in hosts)
        {
            // An exact name before a wildcard; then the newest, as whoever issued it meant it to be used.
            var best = candidates.Where(candidate => candidate.Credential.Covers(host))
                .OrderByDescending(candidate => candidate.Credential.Names.Contains(host))
                .ThenByDescending(candidate => candidate.Credential.NotBefore)
                .FirstOrDefault();
            if (best is not null) table[host] = best;
        }

        return table;
    }
}
