using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Tls;

/// <summary>Which credential a client hello gets. Its table is replaced as a whole by <see cref="Publish"/>: one volatile write.</summary>
public sealed class ServerCertificateSelector
{
    /// <summary>What is served per configured host; a host without an entry has no certificate yet.</summary>
    public IReadOnlyDictionary<HostName, Credential> Served { get; private set; } = new Dictionary<HostName, Credential>();

    /// <summary>Serves <paramref name="table"/> to every handshake that begins from now on.</summary>
    public void Publish(IReadOnlyDictionary<HostName, Credential> table) => Served = table;
}
