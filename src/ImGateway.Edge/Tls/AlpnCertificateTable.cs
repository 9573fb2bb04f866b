using System.Collections.Frozen;
using System.Net.Security;

namespace ImGateway.Edge.Tls;

/// <summary>
/// A separate certificate table, keyed by ALPN protocol: for clients that offer exactly one given protocol and no other.
/// Their connections end after the handshake.
/// </summary>
sealed class AlpnCertificateTable(SslApplicationProtocol protocol, FrozenDictionary<string, ServedHost> names)
{
    // The complete ProtocolNameList of such a client (RFC 7301 §3.1).
    readonly byte[] _offer = [(byte)protocol.Protocol.Length, .. protocol.Protocol.Span];

    readonly FrozenDictionary<string, ServedHost>.AlternateLookup<ReadOnlySpan<char>> _names = names.GetAlternateLookup<ReadOnlySpan<char>>();

    public bool Matches(scoped ClientHello hello) => hello.Alpn.SequenceEqual(_offer);

    public Selection Find(ReadOnlySpan<char> name) => _names.TryGetValue(name, out var served) ? served : HandshakeFailure.NoApplicationProtocol;
}
