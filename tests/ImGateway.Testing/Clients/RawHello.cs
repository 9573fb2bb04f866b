using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace ImGateway.Testing;

/// <summary>
/// A client hello built byte by byte (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2), for offers that no TLS library makes any more.
/// By itself one of TLS 1.2; <see cref="SupportedVersions"/> and a key share make it one of TLS 1.3.
/// </summary>
public sealed record RawHello
{
    public const ushort Tls10 = 0x0301, Tls11 = 0x0302, Tls12 = 0x0303, Tls13 = 0x0304;

    public ushort LegacyVersion { get; init; } = Tls12;

    /// <summary>Empty: the extension is left out.</summary>
    public IReadOnlyList<ushort> SupportedVersions { get; init; } = [];

    public byte[] Random { get; init; } = RandomNumberGenerator.GetBytes(32);

    public IReadOnlyList<ushort> CipherSuites { get; init; } = [0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8];

    public string? ServerName { get; init; }

    public IReadOnlyList<string> Alpn { get; init; } = [];

    /// <summary>Default x25519, secp256r1, secp384r1.</summary>
    public IReadOnlyList<ushort> Groups { get; init; } = [0x001d, 0x0017, 0x0018];

    /// <summary>ECDSA and RSA, PSS and PKCS #1, with SHA-2; SHA-1 too, for what comes before TLS 1.2.</summary>
    public IReadOnlyList<ushort> SignatureAlgorithms { get; init; } =
        [0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201];

    public byte[] SessionId { get; init; } = [];

    public byte[] CompressionMethods { get; init; } = [0];

    /// <summary>An x25519 share, which any 32 bytes are.</summary>
    public bool KeyShare { get; init; }

    public IReadOnlyList<(ushort Type, byte[] Body)> MoreExtensions { get; init; } = [];

    public static RawHello ForTls13(string? serverName = null) => new()
    {
        ServerName = serverName,
        SupportedVersions = [Tls13],
        CipherSuites = [0x1301, 0x1302, 0x1303],
        SessionId = RandomNumberGenerator.GetBytes(32),
        KeyShare = true,
    };

    /// <summary>With cipher suites and extensions at their longest (RFC 8446 §4.1.2): together with 255 compression methods OpenSSL's limit of 131,396 bytes behind the header.</summary>
    public RawHello Longest()
    {
        const int extensionHeader = 4;
        var filled = this with
        {
            SessionId = new byte[32],
            CipherSuites = [.. CipherSuites, .. Enumerable.Repeat((ushort)0x5a5a, ushort.MaxValue / 2 - CipherSuites.Count)],
        };
        var longest = 4 + 131396 - byte.MaxValue + CompressionMethods.Length;
        // RFC 7685 padding.
        return filled with { MoreExtensions = [.. MoreExtensions, (21, new byte[longest - filled.ToMessage().Length - extensionHeader])] };
    }

    /// <summary>The handshake message, without records around it.</summary>
    public byte[] ToMessage() => new TlsWriter().U8(1).Vector(3, hello => hello
        .U16(LegacyVersion)
        .Raw(Random)
        .Vector(1, SessionId)
        .Vector(2, suites => AllU16(suites, CipherSuites))
        .Vector(1, CompressionMethods)
        .Vector(2, WriteExtensions)).ToArray();

    /// <summary>In records (RFC 8446 §5.1): one, or cut before each of <paramref name="cuts"/>, offsets into the message.</summary>
    public byte[] ToRecords(params int[] cuts)
    {
        var message = ToMessage();
        var records = new TlsWriter();
        var start = 0;
        foreach (var end in (int[])[.. cuts, message.Length])
        {
            records.U8(22).U16(Tls10).Vector(2, message.AsSpan(start, end - start));
            start = end;
        }

        return records.ToArray();
    }

    /// <summary>Sends it in one record and reads the answer.</summary>
    public Task<HelloAnswer> SendAsync(IPEndPoint server) => SendAsync(server, [ToRecords()]);

    /// <summary>Sends <paramref name="writes"/>, each as a segment of its own, and reads the answer.</summary>
    public static async Task<HelloAnswer> SendAsync(IPEndPoint server, IEnumerable<byte[]> writes)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, limit.Token);
        await using var stream = new NetworkStream(socket);
        foreach (var write in writes) await stream.WriteAsync(write, limit.Token);
        return await HelloAnswer.ReadAsync(stream, limit.Token);
    }

    void WriteExtensions(TlsWriter extensions)
    {
        if (ServerName is { } name) Extension(extensions, 0, e => e.Vector(2, list => list.U8(0).Vector(2, Encoding.ASCII.GetBytes(name))));
        if (Groups.Count > 0) Extension(extensions, 10, e => e.Vector(2, list => AllU16(list, Groups)));
        Extension(extensions, 11, e => e.Vector(1, [0]));
        Extension(extensions, 13, e => e.Vector(2, list => AllU16(list, SignatureAlgorithms)));
        if (Alpn.Count > 0)
            Extension(extensions, 16, e => e.Vector(2, list => Alpn.ToList().ForEach(protocol => list.Vector(1, Encoding.ASCII.GetBytes(protocol)))));
        Extension(extensions, 23, _ => { });
        if (SupportedVersions.Count > 0) Extension(extensions, 43, e => e.Vector(1, list => AllU16(list, SupportedVersions)));
        if (KeyShare) Extension(extensions, 51, e => e.Vector(2, list => list.U16(0x001d).Vector(2, RandomNumberGenerator.GetBytes(32))));
        foreach (var (type, body) in MoreExtensions) Extension(extensions, type, e => e.Raw(body));
    }

    static void Extension(TlsWriter to, int type, Action<TlsWriter> body) => to.U16(type).Vector(2, body);

    static void AllU16(TlsWriter to, IEnumerable<ushort> values)
    {
        foreach (var value in values) to.U16(value);
    }
}
