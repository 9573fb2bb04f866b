using System.Buffers.Binary;
using System.Text;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>The wire format of one question and its answer (RFC 1035 §4.1). Nothing that a server sends is trusted: every length is checked.</summary>
static class DnsMessage
{
    const int Header = 12;
    const ushort Internet = 1, NoSuchName = 3, Payload = 1232;
    const int Response = 0x8000, Truncated = 0x0200, CodeMask = 0x000f;

    public static byte[] Ask(ushort id, string name, DnsType type)
    {
        var message = new List<byte>(64);
        // RD: the server is asked to find out. One question, and one additional record: EDNS(0), for answers above 512 bytes (RFC 6891).
        foreach (var field in (ushort[])[id, 0x0100, 1, 0, 0, 1]) Add(field);
        foreach (var label in name.Split('.'))
        {
            message.Add((byte)label.Length);
            message.AddRange(Encoding.ASCII.GetBytes(label));
        }

        message.Add(0);
        Add((ushort)type);
        Add(Internet);
        message.AddRange([0, 0, 41, Payload >> 8, Payload & 0xff, 0, 0, 0, 0, 0, 0]);
        return [.. message];

        void Add(ushort field) => message.AddRange([(byte)(field >> 8), (byte)field]);
    }

    /// <summary>The data of the records of <paramref name="type"/>; none where the name has none, or does not exist.</summary>
    /// <exception cref="DnsException">It is no answer to <paramref name="question"/>, or not a whole one.</exception>
    public static IReadOnlyList<byte[]> Read(ReadOnlySpan<byte> answer, ReadOnlySpan<byte> question, DnsType type)
    {
        if (answer.Length < Header) throw new DnsException("sends no DNS");
        var flags = BinaryPrimitives.ReadUInt16BigEndian(answer[2..]);
        if ((flags & Response) == 0) throw new DnsException("sends no answer");
        if ((flags & CodeMask) is not (0 or NoSuchName)) throw new DnsException($"answers with error {flags & CodeMask}");
        if ((flags & Truncated) != 0) throw new DnsException("has more to say than fits into a datagram");

        // The question comes back as it was put, but for the letters' case.
        var asked = question[Header..^11];
        if (BinaryPrimitives.ReadUInt16BigEndian(answer[4..]) != 1 || answer.Length < Header + asked.Length
            || !Ascii.EqualsIgnoreCase(answer.Slice(Header, asked.Length), asked))
        {
            throw new DnsException("answers another question");
        }

        var reader = new TlsReader(answer[(Header + asked.Length)..]);
        var records = new List<byte[]>();
        for (var left = BinaryPrimitives.ReadUInt16BigEndian(answer[6..]); left > 0; left--)
        {
            // Owner, type, class, time to live, length, data. The owner may be another than asked: what a CNAME leads to.
            if (!TrySkipName(ref reader) || !reader.TryReadUInt16(out var found) || !reader.TryReadUInt16(out var family)
                || !reader.TrySkip(4) || !reader.TryReadVector16(out var data))
            {
                throw new DnsException("sends a damaged answer");
            }

            if (found == (ushort)type && family == Internet) records.Add(data.ToArray());
        }

        return records;
    }

    /// <summary>Labels up to the root's, or to a pointer, which ends a name (RFC 1035 §4.1.4) and is not followed.</summary>
    static bool TrySkipName(ref TlsReader reader)
    {
        while (reader.TryReadByte(out var length))
        {
            if (length == 0) return true;
            if (length >= 0xc0) return reader.TrySkip(1);
            if (length > 63 || !reader.TrySkip(length)) return false;
        }

        return false;
    }
}
