using System.Buffers;
using System.Text;
using CsCheck;
using ImGateway.Edge.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

public sealed class ClientHelloTests
{
    sealed record Facts(string ServerName, int AlpnBytes, bool Tls12, bool Tls13);

    static readonly RawHello Hello = RawHello.ForTls13("gateway.test") with { SupportedVersions = [RawHello.Tls13, RawHello.Tls12], Alpn = ["h2", "http/1.1"] };

    static readonly Facts Expected = new("gateway.test", 12, true, true);

    [Fact]
    public void A_whole_hello_gives_name_protocols_and_versions()
    {
        Assert.Equal(ClientHelloStatus.Complete, Read(One(Hello.ToRecords()), out var facts));
        Assert.Equal(Expected, facts);
    }

    [Fact]
    public void A_hello_is_read_wherever_records_and_segments_are_cut()
    {
        var message = Hello.ToMessage().Length;
        Gen.Select(Gen.Int[1, message - 1].Array[0, 6], Gen.Int[1, message].Array[0, 6]).Sample((cuts, segments) =>
        {
            var records = Hello.ToRecords([.. cuts.Distinct().Order()]);
            Assert.Equal(ClientHelloStatus.Complete, Read(Segmented(records, segments), out var facts));
            Assert.Equal(Expected, facts);
        });
    }

    [Fact]
    public void Every_beginning_of_a_hello_is_incomplete()
    {
        var records = Hello.ToRecords(1, 40);
        for (var length = 0; length < records.Length; length++)
            Assert.Equal(ClientHelloStatus.Incomplete, Read(One(records[..length]), out _));
    }

    [Fact]
    public void Without_extensions_it_is_a_hello_of_an_old_client()
    {
        byte[] message = [1, 0, 0, 41, 3, 3, .. new byte[32], 0, 0, 2, 0xC0, 0x2B, 1, 0];
        Assert.Equal(ClientHelloStatus.Complete, Read(One([22, 3, 1, 0, 45, .. message]), out var facts));
        Assert.Equal(new Facts("", 0, true, false), facts);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4")]
    public void What_is_not_TLS_is_named_so_at_its_first_byte(string sent)
    {
        Assert.Equal(ClientHelloStatus.NotTls, Read(One(Encoding.ASCII.GetBytes(sent)), out _));
        Assert.Equal(ClientHelloStatus.NotTls, Read(One(Encoding.ASCII.GetBytes(sent[..1])), out _));
    }

    [Fact]
    public void A_hello_that_announces_more_than_the_bound_is_refused_before_it_is_collected() =>
        Assert.Equal(ClientHelloStatus.Malformed, Read(One([22, 3, 1, 0x40, 0, 1, 0xFF, 0xFF, 0xFF]), out _));

    [Fact]
    public void Empty_records_do_not_keep_a_connection_waiting()
    {
        byte[] Empty(int count) => [.. Enumerable.Repeat((byte[])[22, 3, 1, 0, 0], count).SelectMany(record => record)];

        Assert.Equal(ClientHelloStatus.Complete, Read(One([.. Empty(ClientHello.MaxEmptyRecords), .. Hello.ToRecords()]), out var facts));
        Assert.Equal(Expected, facts);
        Assert.Equal(ClientHelloStatus.Malformed, Read(One(Empty(ClientHello.MaxEmptyRecords + 1)), out _));
    }

    [Fact]
    public void The_longest_hello_that_the_format_allows_is_read()
    {
        var hello = (Hello with { CompressionMethods = new byte[255] }).Longest();

        Assert.Equal(ClientHello.MaxBytes, hello.ToMessage().Length);
        Assert.Equal(ClientHelloStatus.Complete, Read(One(hello.ToRecords([.. Enumerable.Range(1, 8).Select(i => i * 16384)])), out var facts));
        Assert.Equal(Expected, facts);
    }

    [Fact]
    public void The_longest_hello_in_segments_of_one_byte_is_parsed_a_few_dozen_times()
    {
        var hello = (Hello with { CompressionMethods = new byte[255] }).Longest();
        var records = hello.ToRecords([.. Enumerable.Range(1, hello.ToMessage().Length - 1)]);
        var arrived = 0;
        var parsed = 0;
        for (var missing = 1; missing > 0; parsed++)
        {
            arrived += missing;
            var status = ClientHello.Read(new ReadOnlySequence<byte>(records, 0, arrived), 0, static (_, _) => true, out _, out missing);
            if (status is ClientHelloStatus.Complete) break;
            Assert.Equal(ClientHelloStatus.Incomplete, status);
        }

        Assert.Equal(records.Length, arrived);
        Assert.InRange(parsed, 2, 200);
    }

    [Fact]
    public void A_handshake_that_begins_with_another_message_is_malformed() =>
        Assert.Equal(ClientHelloStatus.Malformed, Read(One([22, 3, 1, 0, 4, 2, 0, 0, 0]), out _));

    [Fact]
    public void Any_bytes_end_in_one_of_the_four_answers()
    {
        var records = Hello.ToRecords();
        Gen.Select(Gen.Int[0, records.Length - 1], Gen.Byte, Gen.Int[0, records.Length]).Sample((at, value, length) =>
        {
            var changed = (byte[])records.Clone();
            changed[at] = value;
            Assert.True(Enum.IsDefined(Read(One(changed[..length]), out _)));
        });
        Gen.Byte.Array[0, 200].Sample(bytes => Assert.True(Enum.IsDefined(Read(One(bytes), out _))));
    }

    static ClientHelloStatus Read(ReadOnlySequence<byte> buffer, out Facts? facts) => ClientHello.Read(
        buffer, 0, static (hello, _) => new Facts(Encoding.ASCII.GetString(hello.ServerName), hello.Alpn.Length, hello.OffersTls12, hello.OffersTls13), out facts, out _);

    static ReadOnlySequence<byte> One(byte[] bytes) => new(bytes);

    static ReadOnlySequence<byte> Segmented(byte[] bytes, IEnumerable<int> cuts)
    {
        int[] ends = [.. cuts.Where(cut => cut < bytes.Length).Distinct().Order(), bytes.Length];
        var first = new Segment(bytes.AsMemory(0, ends[0]), null);
        var last = first;
        for (var i = 1; i < ends.Length; i++) last = new Segment(bytes.AsMemory(ends[i - 1]..ends[i]), last);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? before)
        {
            Memory = memory;
            if (before is null) return;
            RunningIndex = before.RunningIndex + before.Memory.Length;
            before.Next = this;
        }
    }
}
