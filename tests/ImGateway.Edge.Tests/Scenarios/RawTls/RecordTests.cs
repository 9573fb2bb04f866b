using System.Text;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;
using static ImGateway.Testing.RawTls13Client;

namespace ImGateway.Edge.Tests.Scenarios.RawTls;

/// <summary>Records of every length and version that RFC 8446 §5 and OpenSSL accept, and those that they refuse.</summary>
public sealed class RecordTests(TlsFixture tls)
{
    const int MaxPlain = 16384;

    static readonly Dictionary<string, Func<RawTls13Client, byte[]>> Broken = new(StringComparer.Ordinal)
    {
        ["a byte changed"] = client => Changed(client.Seal(ApplicationDataType, "GET / HTTP/1.1\r\n\r\n"u8.ToArray())),
        ["out of order"] = client => [.. client.Seal(ApplicationDataType, [1])[..0], .. client.Seal(ApplicationDataType, [2])],
        ["shorter than its tag"] = _ => [ApplicationDataType, 3, 3, 0, 8, .. new byte[8]],
        ["nothing but padding"] = client => client.Seal(0, [], padding: 100),
        ["plain application data"] = _ => [ApplicationDataType, 3, 3, 0, 5, .. "GET /"u8],
        ["an encrypted change of cipher"] = client => client.Seal(ChangeCipherSpecType, [1]),
        ["an unknown type"] = client => client.Seal(99, [1]),
        ["an empty handshake record"] = client => client.Seal(HandshakeType, []),
        ["a plain handshake message"] = _ => [HandshakeType, 3, 3, 0, 4, 0, 0, 0, 0],
        ["a change of cipher"] = _ => [ChangeCipherSpecType, 3, 3, 0, 1, 1],
    };

    /// <summary>After the last two SslStream sends no alert, and leaves the connection open.</summary>
    public static TheoryData<TestedEngine, string> EnginesAndBroken =>
    [
        .. from engine in Enum.GetValues<TestedEngine>()
           from record in engine is TestedEngine.SslStream ? Broken.Keys.SkipLast(2) : Broken.Keys
           select Engines.Row(engine, record),
    ];

    public static TheoryData<TestedEngine, ushort> EnginesAndVersions =>
        [.. from engine in Enum.GetValues<TestedEngine>() from version in (ushort[])[0x0300, 0x0301, 0x0302, 0x0303, 0x0304] select Engines.Row(engine, version)];

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task The_longest_hello_that_the_format_allows_is_served(TestedEngine engine)
    {
        using var target = new RawTlsTarget(await tls.EdgeAsync(engine));
        // The client puts a key share of as many bytes in.
        const int keyShare = 51, keyShareBytes = 71;
        var hello = (HelloFor(TlsFixture.Gateway) with { MoreExtensions = [(keyShare, new byte[keyShareBytes])] }).Longest();
        hello = hello with { MoreExtensions = [.. hello.MoreExtensions.Where(extension => extension.Type != keyShare)] };

        using var client = await target.HandshakeAsync(hello, stream => new RawTls13Client(stream) { Fragments = InRecordsOf(MaxPlain) });

        await target.AssertServesAsync(client);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Handshake_messages_in_records_of_one_byte_are_served(TestedEngine engine)
    {
        using var target = new RawTlsTarget(await tls.EdgeAsync(engine));

        using var client = await target.HandshakeAsync(create: stream => new RawTls13Client(stream) { Fragments = InRecordsOf(1) });

        await target.AssertServesAsync(client);
    }

    [Theory, MemberData(nameof(EnginesAndVersions))]
    public async Task The_version_of_the_first_record_is_ignored(TestedEngine engine, ushort version)
    {
        var edge = await tls.EdgeAsync(engine);
        var records = RawHello.ForTls13(TlsFixture.Gateway).ToRecords();
        records[2] = (byte)version;

        // RFC 8446 §5.1: MUST be ignored for all purposes.
        Assert.Equal(RawHello.Tls13, (await RawHello.SendAsync(edge.Https, [records])).Version);
    }

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task Some_empty_records_within_a_hello_are_tolerated_and_many_refused(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);
        byte[] empty = [HandshakeType, 3, 1, 0, 0];
        var hello = RawHello.ForTls13(TlsFixture.Gateway).ToRecords(100);
        byte[] WithEmpty(int count) => [.. Repeat(empty, count), .. hello[..105], .. Repeat(empty, count), .. hello[105..]];

        Assert.Equal(RawHello.Tls13, (await RawHello.SendAsync(edge.Https, [WithEmpty(3)])).Version);
        Assert.Null((await RawHello.SendAsync(edge.Https, [WithEmpty(1000)])).Version);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_request_in_records_of_one_byte_and_of_none_is_served(TestedEngine engine)
    {
        using var target = new RawTlsTarget(await tls.EdgeAsync(engine));
        using var client = await target.HandshakeAsync();

        foreach (var one in Encoding.ASCII.GetBytes(RawTlsTarget.Request))
        {
            // RFC 8446 §5.1: zero-length fragments of application data may be sent against traffic analysis, and padding may be of any length.
            await client.SendRawAsync([.. client.Seal(ApplicationDataType, []), .. client.Seal(ApplicationDataType, [], padding: 50)], target.Limit);
            await client.SendAsync(ApplicationDataType, [one], target.Limit);
        }

        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadUntilAsync("\r\n\r\n", target.Limit), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_record_of_full_length_is_served_and_a_longer_one_refused(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);
        using RawTlsTarget full = new(edge), longer = new(edge), announced = new(edge);
        var request = Encoding.ASCII.GetBytes(RawTlsTarget.Request);
        using var padded = await full.HandshakeAsync();
        await padded.SendRawAsync(padded.Seal(ApplicationDataType, request, padding: MaxPlain - request.Length), full.Limit);
        Assert.StartsWith("HTTP/1.1 200 ", await padded.ReadUntilAsync("\r\n\r\n", full.Limit), StringComparison.Ordinal);

        using var overlong = await longer.HandshakeAsync();
        await overlong.SendRawAsync(overlong.Seal(ApplicationDataType, new byte[MaxPlain + 1]), longer.Limit);
        await longer.AssertEndedAsync(overlong, RawTlsTarget.RecordOverflow);

        using var header = await announced.HandshakeAsync();
        await header.SendRawAsync([ApplicationDataType, 3, 3, 0x41, 0x01, .. new byte[0x4101]], announced.Limit);
        await announced.AssertEndedAsync(header, RawTlsTarget.RecordOverflow);
    }

    [Theory, MemberData(nameof(EnginesAndBroken))]
    public async Task A_broken_or_plain_record_after_the_handshake_ends_the_connection(TestedEngine engine, string record)
    {
        using var target = new RawTlsTarget(await tls.EdgeAsync(engine));
        using var client = await target.HandshakeAsync();

        await client.SendRawAsync(Broken[record](client), target.Limit);

        await target.AssertEndedAsync(client, RawTlsTarget.UnexpectedMessage, RawTlsTarget.BadRecordMac, RawTlsTarget.DecodeError, RawTlsTarget.IllegalParameter);
    }

    static Func<byte[], IEnumerable<byte[]>> InRecordsOf(int bytes) => message => message.Chunk(bytes);

    static IEnumerable<byte> Repeat(byte[] bytes, int count) => Enumerable.Repeat(bytes, count).SelectMany(one => one);

    static byte[] Changed(byte[] record)
    {
        record[10] ^= 1;
        return record;
    }
}
