using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Served;

/// <summary>Certificates by the names that they cover: for n hosts with n certificates, a search of all for each host would cost n².</summary>
sealed class CertificateIndex
{
    readonly Dictionary<string, List<(int Position, HostCertificate Certificate)>> _byName = new(StringComparer.Ordinal);

    /// <param name="certificates">In order of preference among equal ones.</param>
    public CertificateIndex(IEnumerable<HostCertificate> certificates)
    {
        foreach (var (position, certificate) in certificates.Index())
        {
            foreach (var name in certificate.Credential.Names)
            {
                if (!_byName.TryGetValue(name.Value, out var named)) _byName[name.Value] = named = [];
                named.Add((position, certificate));
            }
        }
    }

    public bool Covers(HostName host) => host.MatchingValues().Any(_byName.ContainsKey);

    /// <summary>The certificates that cover the host, in their order.</summary>
    public IEnumerable<HostCertificate> Covering(HostName host) =>
        host.MatchingValues().SelectMany(value => _byName.GetValueOrDefault(value) ?? []).OrderBy(entry => entry.Position).Select(entry => entry.Certificate).Distinct();
}
