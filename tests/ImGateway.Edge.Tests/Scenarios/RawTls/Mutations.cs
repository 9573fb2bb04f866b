using System.Buffers.Binary;

namespace ImGateway.Edge.Tests.Scenarios.RawTls;

/// <summary>Changes of a flight of TLS records, in bytes and in records, and the segments in which it is sent.</summary>
static class Mutations
{
    const int RecordHeader = 5;

    /// <summary>One to three changes.</summary>
    public static byte[] Apply(Random random, byte[] flight)
    {
        for (var changes = 1 + random.Next(3); changes > 0; changes--) flight = random.Next(2) == 0 ? InBytes(random, flight) : InRecords(random, flight);
        return flight;
    }

    /// <summary>All at once, in two parts, or its first bytes one by one.</summary>
    public static IEnumerable<byte[]> Segments(Random random, byte[] flight) => random.Next(10) switch
    {
        < 6 => [flight],
        < 9 => Cut(flight, random.Next(flight.Length + 1)),
        _ => [.. flight.Take(64).Select(one => (byte[])[one]), flight.Length > 64 ? flight[64..] : []],
    };

    /// <summary>A record of any type, version and content, which its length may contradict.</summary>
    public static byte[] Record(Random random) => random.Next(9) switch
    {
        0 => [21, 3, 3, 0, 2, (byte)(1 + random.Next(2)), (byte)random.Next(256)],
        1 => [20, 3, 3, 0, 1, (byte)random.Next(3)],
        2 => [22, 3, 3, 0, 0],
        3 => [23, 3, 3, 0, 0],
        4 => [23, 3, 3, 0x41, 0x01, .. FuzzHellos.Bytes(random, 0x4101)],
        5 => [22, 3, 3, 0, 4, (byte)random.Next(26), 0, 0, 0],
        6 => [24, 3, 3, 0, 3, 1, 0x40, 0], // a heartbeat request whose payload is missing (RFC 6520 §4)
        7 => [(byte)random.Next(256), (byte)random.Next(5), (byte)random.Next(5), 0, 40, .. FuzzHellos.Bytes(random, random.Next(60))],
        _ => [(byte)(20 + random.Next(4)), 3, 3, (byte)random.Next(256), (byte)random.Next(256), .. FuzzHellos.Bytes(random, random.Next(2000))],
    };

    static byte[] InBytes(Random random, byte[] flight)
    {
        if (flight.Length < 2) return [.. flight, .. FuzzHellos.Bytes(random, 8)];
        var at = random.Next(flight.Length);
        var end = at + random.Next(Math.Min(flight.Length - at, 40));
        byte[] changed = [.. flight];
        switch (random.Next(7))
        {
            case 0:
                changed[at] ^= (byte)(1 << random.Next(8));
                return changed;
            case 1:
                changed[at] = (byte)random.Next(256);
                return changed;
            case 2: // what is a length somewhere
                BinaryPrimitives.WriteUInt16BigEndian(changed.AsSpan(Math.Min(at, flight.Length - 2)), (ushort)(random.Next(3) == 0 ? 0xffff : random.Next(600)));
                return changed;
            case 3:
                return [.. flight[..at], .. FuzzHellos.Bytes(random, random.Next(40)), .. flight[at..]];
            case 4:
                return [.. flight[..at], .. flight[end..]];
            case 5:
                return [.. flight[..end], .. flight[at..]];
            default:
                return flight[..at];
        }
    }

    static byte[] InRecords(Random random, byte[] flight)
    {
        var records = Split(flight);
        var at = random.Next(records.Count);
        switch (random.Next(9))
        {
            case 0:
                records.Insert(random.Next(records.Count + 1), Record(random));
                break;
            case 1:
                records.Insert(random.Next(records.Count + 1), records[at]);
                break;
            case 2:
                records.RemoveAt(at);
                break;
            case 3:
                (records[0], records[at]) = (records[at], records[0]);
                break;
            case 4: // fragmented, into records of one byte at the extreme
                records[at] = Fragmented(records[at], random.Next(4) == 0 ? 1 : 1 + random.Next(100));
                break;
            case 5: // joined: one record around the contents of two
                if (at > 0)
                {
                    records[at - 1] = WithContent(records[at - 1], [.. Content(records[at - 1]), .. Content(records[at])]);
                    records.RemoveAt(at);
                }

                break;
            case 6:
                records[at] = [(byte)(20 + random.Next(5)), .. records[at].Skip(1)];
                break;
            case 7:
                records[at] = [.. records[at].Take(1), 3, (byte)random.Next(6), .. records[at].Skip(3)];
                break;
            default:
                records.InsertRange(at, Enumerable.Repeat((byte[])[22, 3, 3, 0, 0], 1 + random.Next(40)));
                break;
        }

        return [.. records.SelectMany(record => record)];
    }

    /// <summary>Its records; the last one is whatever is left.</summary>
    static List<byte[]> Split(byte[] flight)
    {
        var records = new List<byte[]>();
        while (flight.Length > RecordHeader && RecordHeader + BinaryPrimitives.ReadUInt16BigEndian(flight.AsSpan(3)) is var length && length < flight.Length)
        {
            records.Add(flight[..length]);
            flight = flight[length..];
        }

        records.Add(flight);
        return records;
    }

    static byte[] Fragmented(byte[] record, int length) => record.Length <= RecordHeader ? record : [.. Content(record).Chunk(length).SelectMany(part => WithContent(record, part))];

    static byte[] WithContent(byte[] record, byte[] content) => [.. record.Take(3), (byte)(content.Length >> 8), (byte)content.Length, .. content];

    static byte[] Content(byte[] record) => record.Length <= RecordHeader ? [] : record[RecordHeader..];

    static IEnumerable<byte[]> Cut(byte[] flight, int at) => [flight[..at], flight[at..]];
}
