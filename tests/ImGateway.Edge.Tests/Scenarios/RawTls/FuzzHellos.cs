using System.Security.Cryptography;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.RawTls;

/// <summary>Client hellos as clients of every age send them, valid but for tickets and early data: what the fuzzer mutates.</summary>
static class FuzzHellos
{
    const ushort PskModes = 45, EarlyData = 42, PreSharedKey = 41, KeyShares = 51, SessionTicket = 35, Padding = 21;

    static readonly string?[] Names = [TlsFixture.Gateway, TlsFixture.Gateway, "alpha.test", "rsa.test", "any.wild.test", "unknown.test", new('a', 250), null];

    static readonly string[][] Protocols = [[], ["h2", "http/1.1"], ["http/1.1"], ["acme-tls/1"], ["spdy/3"]];

    static readonly ushort[][] Versions = [[], [RawHello.Tls13], [RawHello.Tls13, RawHello.Tls12], [0x7f1c, RawHello.Tls12], [RawHello.Tls11]];

    // A point on secp256r1 that any server can compute with.
    static readonly byte[] Point = CreatePoint();

    /// <param name="ticket">A valid session ticket of TLS 1.3.</param>
    public static RawHello Create(Random random, byte[] ticket)
    {
        var versions = Pick(random, Versions);
        var hello = new RawHello
        {
            Random = Bytes(random, 32),
            SessionId = Bytes(random, random.Next(2) * 32),
            ServerName = Pick(random, Names),
            Alpn = Pick(random, Protocols),
            SupportedVersions = versions,
            CipherSuites = [0x1301, 0x1302, 0xc02b, 0xc02f, 0xc030, .. random.Next(5) == 0 ? (ushort[])[0x00ff, 0x002f] : []],
        };
        if (random.Next(20) == 0) hello = hello with { MoreExtensions = [(Padding, Bytes(random, random.Next(40_000)))] };
        return versions.Contains(RawHello.Tls13) ? WithTls13(hello, random, ticket) : random.Next(3) == 0 ? With(hello, SessionTicket, Bytes(random, random.Next(300))) : hello;
    }

    public static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    static RawHello WithTls13(RawHello hello, Random random, byte[] ticket)
    {
        // Without a share, or with one of an unknown group only, a HelloRetryRequest is provoked.
        hello = With(hello, KeyShares, random.Next(4) switch
        {
            0 => [0, 0],
            1 => [0, 8, 0x77, 0x77, 0, 4, .. Bytes(random, 4)],
            2 => [0, 36, 0, 0x1d, 0, 32, .. Bytes(random, 32)],
            _ => [0, 69, 0, 0x17, 0, 65, .. Point],
        });
        if (random.Next(4) == 0) hello = With(hello, EarlyData, []);
        if (random.Next(3) != 0) return hello;
        var identity = random.Next(2) == 0 ? ticket : Bytes(random, 1 + random.Next(400));
        return With(With(hello, PskModes, [1, 1]), PreSharedKey, [.. Vector([.. Vector(identity), .. Bytes(random, 4)]), 0, 33, 32, .. Bytes(random, 32)]);
    }

    static RawHello With(RawHello hello, ushort type, byte[] body) => hello with { MoreExtensions = [.. hello.MoreExtensions, (type, body)] };

    static byte[] Vector(byte[] body) => [(byte)(body.Length >> 8), (byte)body.Length, .. body];

    static T Pick<T>(Random random, T[] from) => from[random.Next(from.Length)];

    static byte[] CreatePoint()
    {
        using var key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return [4, .. point.X!, .. point.Y!];
    }
}
