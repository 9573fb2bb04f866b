using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using ImGateway.Edge.Tls.Policy;

namespace ImGateway.Edge.Tls;

/// <summary>Writes client hellos that no TLS library would send, for <see cref="TlsPolicySelfTest"/>.</summary>
static class ProbeClientHello
{
    /// <summary>
    /// All signature algorithms that an accepted certificate may use (RFC 8446 §4.2.3): a server whose key matches none refuses the ClientHello, and
    /// the refusal would look like one of the policy. Includes SHA-1, for versions before TLS 1.2.
    /// </summary>
    static ReadOnlySpan<byte> Signatures =>
    [
        4, 3, 5, 3, 6, 3, // ECDSA with P-256, P-384, P-521
        8, 4, 8, 5, 8, 6, 8, 9, 8, 10, 8, 11, // RSA-PSS with rsaEncryption keys and with RSASSA-PSS keys
        4, 1, 5, 1, 6, 1, // RSA PKCS #1
        3, 3, 3, 1, 2, 3, 2, 1, // with SHA-224 and SHA-1
    ];

    /// <summary>Any 32 bytes are a valid public key (RFC 7748 §6.1).</summary>
    static ReadOnlySpan<byte> BasePoint => [9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <param name="version">The highest version offered: 0x0301 (TLS 1.0) to 0x0304 (TLS 1.3).</param>
    /// <param name="suites">The cipher suites offered.</param>
    /// <param name="groups">The groups offered.</param>
    /// <param name="x25519Share">Whether to send an X25519 key share. Without one, a TLS 1.3 server that accepts sends a HelloRetryRequest and computes nothing.</param>
    /// <param name="serverName">The SNI; null sends none.</param>
    public static byte[] Write(ushort version, ReadOnlySpan<ushort> suites, ReadOnlySpan<NamedGroup> groups, bool x25519Share, string? serverName)
    {
        var tls13 = version == 0x0304;

        byte[] extensions =
        [
            .. serverName is null ? [] : Extension(0, Vector16([0, .. Vector16(Encoding.ASCII.GetBytes(serverName))])),
            .. Extension(10, Vector16(Numbers(MemoryMarshal.Cast<NamedGroup, ushort>(groups)))),
            .. Extension(11, [1, 0]), // uncompressed points
            .. Extension(13, Vector16(Signatures)),
            .. tls13 ? (byte[])[.. Extension(43, [2, 3, 4]), .. Extension(51, Vector16(x25519Share ? [0, (byte)NamedGroup.X25519, .. Vector16(BasePoint)] : []))] : [],
        ];
        var legacy = Math.Min(version, (ushort)0x0303);
        byte[] body =
        [
            (byte)(legacy >> 8), (byte)legacy,
            .. new byte[32], // the random; any value will do, because the handshake is not completed
            32, .. new byte[32], // a session id, which a middlebox-compatible client sends (RFC 8446 appendix D.4)
            .. Vector16(Numbers(suites)),
            1, 0, // no compression
            .. Vector16(extensions),
        ];
        return [22, 3, 1, .. Vector16([1, 0, .. Vector16(body)])];
    }

    static byte[] Numbers(ReadOnlySpan<ushort> numbers)
    {
        var bytes = new byte[numbers.Length * 2];
        for (var i = 0; i < numbers.Length; i++) BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(i * 2), numbers[i]);
        return bytes;
    }

    static byte[] Extension(ushort type, byte[] body) => [(byte)(type >> 8), (byte)type, .. Vector16(body)];

    static byte[] Vector16(ReadOnlySpan<byte> bytes) => [(byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
}
