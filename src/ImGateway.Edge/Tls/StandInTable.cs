using System.Collections.Frozen;
using System.Net;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Tls;

/// <summary>
/// Certificates for hosts that have none yet, for a CA whose challenge was redirected to https: it verifies no certificate, but needs one.
/// Their connections are served challenges and nothing else.
/// </summary>
/// <param name="standIns">At least one.</param>
sealed class StandInTable(IReadOnlyList<ServedName> standIns)
{
    readonly FrozenDictionary<string, ServedName>.AlternateLookup<ReadOnlySpan<char>> _names =
        standIns.ToFrozenDictionary(standIn => standIn.Host.Value, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    public ServedName? Find(ReadOnlySpan<char> name) => _names.TryGetValue(name, out var standIn) ? standIn : null;

    /// <summary>For a client that sends no name: that of the address it connected to, else any, because challenges of all hosts are answered by each.</summary>
    public ServedName FindUnnamed(IPAddress? address) =>
        (address is null ? null : standIns.FirstOrDefault(standIn => standIn.Host.IsAddress && IPAddress.Parse(standIn.Host.Value).Equals(address))) ?? standIns[0];

    /// <summary>What is served already, so that it keeps its context.</summary>
    public ServedName? Known(HostName host, Credential credential) => Find(host.Value) is { } served && served.Credential == credential ? served : null;
}
