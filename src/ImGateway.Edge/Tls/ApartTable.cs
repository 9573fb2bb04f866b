using System.Collections.Frozen;
using System.Net.Security;

namespace ImGateway.Edge.Tls;

/// <summary>
/// Certificates for those who offer one certain application protocol and no other, apart from what everybody else of the same name gets.
/// Their connections end with the handshake.
/// </summary>
sealed class ApartTable(SslApplicationProtocol protocol, FrozenDictionary<string, ServedName> names)
{
    // The whole ProtocolNameList of who is meant (RFC 7301 §3.1).
    readonly byte[] _offer = [(byte)protocol.Protocol.Length, .. protocol.Protocol.Span];

    readonly FrozenDictionary<string, ServedName>.AlternateLookup<ReadOnlySpan<char>> _names = names.GetAlternateLookup<ReadOnlySpan<char>>();

    public bool IsMeantBy(scoped ClientHello hello) => hello.Alpn.SequenceEqual(_offer);

    public Selection Find(ReadOnlySpan<char> name) => _names.TryGetValue(name, out var served) ? served : HandshakeFailure.NoApplicationProtocol;

    /// <summary>What is served already, so that it keeps its context.</summary>
    public ServedName? Known(string name, Credential credential) => names.GetValueOrDefault(name) is { } served && served.Credential == credential ? served : null;
}
