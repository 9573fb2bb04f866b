using System.Collections.Frozen;
using System.Net;

namespace ImGateway.Edge.Tls;

/// <summary>
/// Temporary certificates for hosts that have none yet, for a CA whose http-01 request was redirected to https: it needs a certificate, but does not verify it.
/// On their connections only challenges are answered.
/// </summary>
/// <param name="temporary">The temporary certificates, at least one.</param>
sealed class TemporaryCertificateTable(IReadOnlyList<ServedHost> temporary)
{
    readonly FrozenDictionary<string, ServedHost>.AlternateLookup<ReadOnlySpan<char>> _names =
        temporary.ToFrozenDictionary(served => served.Host.Value, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    public ServedHost? Find(ReadOnlySpan<char> name) => _names.TryGetValue(name, out var served) ? served : null;

    /// <summary>For a client without SNI: the certificate of the server's address, otherwise any, because the challenges of all hosts are answered on each.</summary>
    public ServedHost FindUnnamed(IPAddress? address) =>
        (address is null ? null : temporary.FirstOrDefault(served => served.Host.IsAddress && IPAddress.Parse(served.Host.Value).Equals(address))) ?? temporary[0];
}
