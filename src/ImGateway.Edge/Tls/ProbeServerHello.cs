using System.Net.Security;
using ImGateway.Edge.Tls.Policy;

namespace ImGateway.Edge.Tls;

/// <summary>The response to a <see cref="ProbeClientHello"/>: a ServerHello, or a HelloRetryRequest, which has the same format (RFC 8446 §4.1.4).</summary>
/// <param name="Group">The group of the key share; none before TLS 1.3.</param>
sealed record ProbeServerHello(TlsCipherSuite Suite, NamedGroup Group)
{
    /// <summary>
    /// The bytes needed: record header, handshake header, version, random, session id (at most 32 bytes, after its length), suite, compression, length of the
    /// extensions; in TLS 1.3 supported_versions and the group of key_share, in either order. A TLS 1.2 ServerHello is followed by the certificate.
    /// </summary>
    public const int LongestPrefix = 5 + 4 + 2 + 32 + 1 + 32 + 2 + 1 + 2 + 6 + 6;

    /// <summary>Null for an alert or an empty response.</summary>
    public static ProbeServerHello? Read(ReadOnlySpan<byte> data)
    {
        var reader = new TlsReader(data);
        return reader.TryReadByte(out var type) && type == 22 && reader.TrySkip(4 + 4 + 2 + 32) && reader.TryReadVector8(out _)
            && reader.TryReadUInt16(out var suite)
            ? new((TlsCipherSuite)suite, GroupOf(reader))
            : null;
    }

    static NamedGroup GroupOf(TlsReader reader)
    {
        if (!reader.TrySkip(1 + 2)) return NamedGroup.None;
        while (reader.TryReadUInt16(out var extension) && reader.TryReadUInt16(out var length))
        {
            if (extension == 51) return reader.TryReadUInt16(out var group) ? (NamedGroup)group : NamedGroup.None;
            if (!reader.TrySkip(length)) break;
        }

        return NamedGroup.None;
    }
}
