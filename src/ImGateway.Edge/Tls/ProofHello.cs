using System.Buffers.Binary;
using System.Text;

namespace ImGateway.Edge.Tls;

/// <summary>Writes client hellos that no TLS library would send, for <see cref="PolicyProof"/>.</summary>
static class ProofHello
{
    /// <summary>
    /// All that a certificate which the checks admit may sign with (RFC 8446 §4.2.3): a server whose key fits none of them refuses the hello, and
    /// the refusal would be taken for the policy's. With SHA-1 too, for the versions before TLS 1.2.
    /// </summary>
    static ReadOnlySpan<byte> Signatures =>
    [
        4, 3, 5, 3, 6, 3, // ECDSA with P-256, P-384, P-521
        8, 4, 8, 5, 8, 6, 8, 9, 8, 10, 8, 11, // RSA-PSS, of keys for all of RSA and for it alone
        4, 1, 5, 1, 6, 1, // RSA PKCS #1
        3, 3, 3, 1, 2, 3, 2, 1, // with SHA-224 and SHA-1
    ];

    /// <param name="version">The highest offered: 0x0301 (TLS 1.0) to 0x0304 (TLS 1.3).</param>
    /// <param name="suites">All that is offered.</param>
    /// <param name="serverName">Null sends none.</param>
    public static byte[] Write(ushort version, ReadOnlySpan<ushort> suites, string? serverName)
    {
        var tls13 = version == 0x0304;
        var list = new byte[suites.Length * 2];
        for (var i = 0; i < suites.Length; i++) BinaryPrimitives.WriteUInt16BigEndian(list.AsSpan(i * 2), suites[i]);

        byte[] extensions =
        [
            .. serverName is null ? [] : Extension(0, Vector16([0, .. Vector16(Encoding.ASCII.GetBytes(serverName))])),
            .. Extension(10, Vector16([0x00, 0x1D, 0x00, 0x17, 0x00, 0x18, 0x00, 0x19])), // x25519, P-256, P-384, P-521
            .. Extension(11, [1, 0]), // uncompressed points
            .. Extension(13, Vector16(Signatures.ToArray())),
            // Without a key share a server that accepts asks for one (HelloRetryRequest), which names the suite.
            .. tls13 ? (byte[])[.. Extension(43, [2, 3, 4]), .. Extension(51, [0, 0])] : [],
        ];
        var legacy = Math.Min(version, (ushort)0x0303);
        byte[] body =
        [
            (byte)(legacy >> 8), (byte)legacy,
            .. new byte[32], // the random; nothing comes of this handshake
            32, .. new byte[32], // a session id, which a middlebox-compatible client sends (RFC 8446 appendix D.4)
            .. Vector16(list),
            1, 0, // no compression
            .. Vector16(extensions),
        ];
        return [22, 3, 1, .. Vector16([1, 0, .. Vector16(body)])];
    }

    static byte[] Extension(ushort type, byte[] body) => [(byte)(type >> 8), (byte)type, .. Vector16(body)];

    static byte[] Vector16(byte[] bytes) => [(byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
}
