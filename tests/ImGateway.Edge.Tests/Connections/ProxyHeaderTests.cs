using System.Buffers;
using System.Net;
using System.Text;
using CsCheck;
using ImGateway.Edge.Connections;

namespace ImGateway.Edge.Tests.Connections;

public sealed class ProxyHeaderTests
{
    static readonly byte[] Signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
    static readonly byte[] Ipv4 = [192, 0, 2, 1, 203, 0, 113, 2, 0x30, 0x39, 0x01, 0xbb];

    [Theory]
    [InlineData("PROXY TCP4 192.0.2.1 203.0.113.2 12345 443\r\n", "192.0.2.1:12345", "203.0.113.2:443")]
    [InlineData("PROXY TCP4 255.255.255.255 255.255.255.255 65535 0\r\n", "255.255.255.255:65535", "255.255.255.255:0")]
    [InlineData("PROXY TCP6 2001:db8::1 2001:DB8::2 1 443\r\n", "[2001:db8::1]:1", "[2001:db8::2]:443")]
    [InlineData("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 443\r\n", "192.0.2.1:1", "[::1]:443")]
    [InlineData("PROXY UNKNOWN\r\n", null, null)]
    [InlineData("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", null, null)]
    public void Version_1_names_both_ends(string text, string? source, string? destination) => AssertSays(Bytes(text), source, destination);

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("PROXY\r\n")]
    [InlineData("PROXYTCP4 192.0.2.1 203.0.113.2 12345 443\r\n")]
    [InlineData("proxy TCP4 192.0.2.1 203.0.113.2 12345 443\r\n")]
    [InlineData("PROXY \n")]
    [InlineData("PROXY TCP4 192.0.2.1 203.0.113.2 12345 443\n")]
    [InlineData("PROXY TCP4 192.0.2.1 203.0.113.2 12345\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 203.0.113.2 12345 443 1\r\n")]
    [InlineData("PROXY TCP4  192.0.2.1 203.0.113.2 12345 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 203.0.113.2 12345 443 \r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 203.0.113.2 012345 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 203.0.113.2 65536 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 203.0.113.2 -1 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.01 203.0.113.2 1 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2 203.0.113.2 1 443\r\n")]
    [InlineData("PROXY TCP4 0x7f.0.0.1 203.0.113.2 1 443\r\n")]
    [InlineData("PROXY TCP4 2001:db8::1 2001:db8::2 1 443\r\n")]
    [InlineData("PROXY TCP6 192.0.2.1 203.0.113.2 1 443\r\n")]
    [InlineData("PROXY TCP6 fe80::1%eth0 2001:db8::2 1 443\r\n")]
    [InlineData("PROXY TCP6 [::1] ::1 1 443\r\n")]
    [InlineData("PROXY UDP4 192.0.2.1 203.0.113.2 1 443\r\n")]
    [InlineData("PROXY UNKNOWNX\r\n")]
    [InlineData("PROXY TCP4 gateway.test 203.0.113.2 1 443\r\n")]
    public void What_is_no_header_of_version_1_is_malformed(string text) => Assert.Equal(ProxyHeaderStatus.Malformed, Read(Bytes(text)).Status);

    [Fact]
    public void A_line_of_107_bytes_is_the_longest()
    {
        var longest = "PROXY UNKNOWN ".PadRight(105, 'x');
        Assert.Equal(ProxyHeaderStatus.Complete, Read(Bytes(longest + "\r\n")).Status);
        Assert.Equal(ProxyHeaderStatus.Malformed, Read(Bytes(longest + "x\r\n")).Status);
        Assert.Equal(ProxyHeaderStatus.Malformed, Read(Bytes(longest + new string('x', 10_000))).Status);
    }

    [Fact]
    public void Version_2_names_both_ends_and_its_TLVs_are_skipped()
    {
        AssertSays(Binary(0x21, 0x11, Ipv4), "192.0.2.1:12345", "203.0.113.2:443");
        AssertSays(Binary(0x21, 0x11, [.. Ipv4, 0x04, 0x00, 0x03, 0, 0, 0, 0xff, 0xff]), "192.0.2.1:12345", "203.0.113.2:443");
        AssertSays(Binary(0x21, 0x11, [.. Ipv4, .. new byte[4096 - 12]]), "192.0.2.1:12345", "203.0.113.2:443");
        byte[] ipv6 = [.. IPAddress.Parse("2001:db8::1").GetAddressBytes(), .. IPAddress.Parse("::ffff:203.0.113.2").GetAddressBytes(), 0, 1, 0x01, 0xbb];
        AssertSays(Binary(0x21, 0x21, ipv6), "[2001:db8::1]:1", "203.0.113.2:443");
    }

    [Theory]
    [InlineData(0x20, 0x11, 12)]
    [InlineData(0x20, 0x00, 0)]
    [InlineData(0x20, 0x21, 3)]
    [InlineData(0x21, 0x00, 0)]
    [InlineData(0x21, 0x00, 40)]
    [InlineData(0x21, 0x12, 12)]
    [InlineData(0x21, 0x22, 36)]
    [InlineData(0x21, 0x31, 216)]
    [InlineData(0x21, 0x32, 216)]
    [InlineData(0x21, 0x10, 12)]
    public void Of_local_unspecified_and_other_connections_version_2_says_nothing(byte command, byte family, int length) =>
        AssertSays(Binary(command, family, new byte[length]), source: null, destination: null);

    [Theory]
    [InlineData(0x22, 0x11, 12)]
    [InlineData(0x11, 0x11, 12)]
    [InlineData(0x31, 0x11, 12)]
    [InlineData(0x21, 0x41, 12)]
    [InlineData(0x21, 0x13, 12)]
    [InlineData(0x21, 0x11, 11)]
    [InlineData(0x21, 0x21, 35)]
    [InlineData(0x21, 0x11, 4097)]
    [InlineData(0x20, 0x00, 65535)]
    public void What_is_no_header_of_version_2_is_malformed(byte command, byte family, int length) =>
        Assert.Equal(ProxyHeaderStatus.Malformed, Read(Binary(command, family, new byte[length])).Status);

    [Fact]
    public void Wherever_it_is_cut_it_is_the_same_header()
    {
        byte[][] all =
        [
            Bytes("PROXY TCP4 192.0.2.1 203.0.113.2 12345 443\r\n"), Bytes("PROXY UNKNOWN\r\n"), Bytes("PROXY TCP9 \r\n"), Bytes("nothing of it"),
            Binary(0x21, 0x11, [.. Ipv4, 1, 2, 3]), Binary(0x20, 0x00, []), Binary(0x21, 0x11, new byte[11]), Binary(0x29, 0, []),
        ];
        Gen.Select(Gen.Int[0, all.Length - 1], Gen.Int[0, 60], Gen.Int[1, 60].Array[0, 5], Gen.Byte.Array[0, 20]).Sample((which, received, cuts, more) =>
        {
            byte[] whole = [.. all[which], .. more];
            var expected = Read(whole);
            Assert.Equal(expected, Read(whole, cuts));

            // Of its beginning nothing else is said, and nothing for good unless it is sure.
            var part = Read(whole[..Math.Min(received, whole.Length)], cuts);
            Assert.True(part == expected || part.Status is ProxyHeaderStatus.Incomplete, $"{part} of {expected}");
            if (expected.Status is ProxyHeaderStatus.Complete) Assert.Equal(received >= expected.Length, part == expected);
        });
    }

    [Fact]
    public void Random_bytes_are_harmless() => Gen.Byte.Array[0, 300].Select(Gen.Bool, (bytes, signed) => signed ? [.. Signature, .. bytes] : bytes).Sample(bytes =>
    {
        Read(bytes);
    });

    static void AssertSays(byte[] bytes, string? source, string? destination)
    {
        var (status, header, length) = Read([.. bytes, .. "and more"u8]);
        Assert.Equal(ProxyHeaderStatus.Complete, status);
        Assert.Equal((source, destination), (header.Source?.ToString(), header.Destination?.ToString()));
        Assert.Equal(bytes.Length, length);
    }

    static (ProxyHeaderStatus Status, ProxyHeader Header, long Length) Read(byte[] bytes, params int[] cuts)
    {
        var received = Segments.Of(bytes, cuts);
        var status = ProxyHeader.Read(received, out var header, out var end);
        return (status, header, received.Slice(0, end).Length);
    }

    static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);

    static byte[] Binary(byte command, byte family, byte[] rest) => [.. Signature, command, family, (byte)(rest.Length >> 8), (byte)rest.Length, .. rest];

    sealed class Segments : ReadOnlySequenceSegment<byte>
    {
        public static ReadOnlySequence<byte> Of(byte[] bytes, int[] cuts)
        {
            var at = cuts.Where(cut => cut < bytes.Length).Distinct().Order().Prepend(0).Append(bytes.Length).ToArray();
            Segments? first = null, last = null;
            for (var i = 0; i + 1 < at.Length; i++)
            {
                var next = new Segments { Memory = bytes.AsMemory(at[i]..at[i + 1]), RunningIndex = at[i] };
                if (last is not null) last.Next = next;
                (first, last) = (first ?? next, next);
            }

            return new ReadOnlySequence<byte>(first!, 0, last!, last!.Memory.Length);
        }
    }
}
