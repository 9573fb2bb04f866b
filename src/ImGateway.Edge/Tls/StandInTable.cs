using System.Collections.Frozen;
using System.Net;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Tls;

/// <summary>
/// Temporary certificates for hosts that have none yet, for a CA whose http-01 request was redirected to https: it needs a certificate, but does not verify it.
/// On their connections only challenges are answered.
/// </summary>
/// <param name="standIns">The temporary certificates, at least one.</param>
sealed class StandInTable(IReadOnlyList<ServedName> standIns)
{
    readonly FrozenDictionary<string, ServedName>.AlternateLookup<ReadOnlySpan<char>> _names =
        standIns.ToFrozenDictionary(standIn => standIn.Host.Value, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    public ServedName? Find(ReadOnlySpan<char> name) => _names.TryGetValue(name, out var standIn) ? standIn : null;

    /// <summary>For a client without SNI: the certificate of the server's address, otherwise any, because the challenges of all hosts are answered on each.</summary>
    public ServedName FindUnnamed(IPAddress? address) =>
        (address is null ? null : standIns.FirstOrDefault(standIn => standIn.Host.IsAddress && IPAddress.Parse(standIn.Host.Value).Equals(address))) ?? standIns[0];

    /// <summary>The entry that is already served with this credential, so that its context is reused.</summary>
    public ServedName? Known(HostName host, Credential credential) => Find(host.Value) is { } served && served.Credential == credential ? served : null;
}
