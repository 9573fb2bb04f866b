using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Served;

/// <summary>Selects one of several certificates for a host: the first criterion in which two of them differ decides.</summary>
static class CertificateRanking
{
    static readonly (string Why, Func<Credential, HostName, DateTimeOffset, long> Rank)[] Criteria =
    [
        ("which is valid now", (credential, _, now) => credential.IsValid(now) ? 1 : 0),
        ("which names it without a wildcard", (credential, host, _) => credential.Names.Contains(host) ? 1 : 0),
        ("whose chain leads to a root", (credential, _, _) => credential.Chain is ChainState.Complete ? 1 : 0),
        // An ECDSA signature costs a fraction of an RSA signature, and all clients of these versions and suites verify both.
        ("whose key is ECDSA", (credential, _, _) => credential.Leaf.PublicKey.Oid.Value == Oids.EcPublicKey ? 1 : 0),
        // The newest was issued to replace the others.
        ("which is newer", (credential, _, _) => credential.NotBefore.UtcTicks),
        ("which expires later", (credential, _, _) => credential.NotAfter.UtcTicks),
    ];

    /// <summary>The best certificate, the first of equal ones; null if none covers the host.</summary>
    public static HostCertificate? Best(HostName host, IEnumerable<HostCertificate> candidates, DateTimeOffset now)
    {
        HostCertificate? best = null;
        foreach (var candidate in candidates.Where(candidate => candidate.Credential.Covers(host)))
        {
            if (best is null || Compare(candidate.Credential, best.Credential, host, now).Sign > 0) best = candidate;
        }

        return best;
    }

    /// <summary>Why the one is preferred to the other for <paramref name="host"/>, as a clause about the one; null if it is not preferred.</summary>
    public static string? WhyRatherThan(Credential one, Credential other, HostName host, DateTimeOffset now) =>
        Compare(one, other, host, now) is { Sign: >= 0 } compared ? compared.Why ?? "which is listed first" : null;

    static (int Sign, string? Why) Compare(Credential one, Credential other, HostName host, DateTimeOffset now)
    {
        foreach (var (why, rank) in Criteria)
        {
            var sign = rank(one, host, now).CompareTo(rank(other, host, now));
            if (sign != 0) return (sign, why);
        }

        return (0, null);
    }
}
