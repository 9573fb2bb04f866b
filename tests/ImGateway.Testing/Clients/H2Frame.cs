using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace ImGateway.Testing;

public enum H2Type : byte
{
    Data,
    Headers,
    Priority,
    RstStream,
    Settings,
    PushPromise,
    Ping,
    GoAway,
    WindowUpdate,
    Continuation,
}

/// <summary>RFC 9113 §4.1. Made by hand, so that anything can be wrong with it.</summary>
public sealed record H2Frame(H2Type Type, byte Flags, int Stream, byte[] Payload)
{
    public const byte EndStream = 1, Ack = 1, EndHeaders = 4, Padded = 8, HasPriority = 32;

    /// <summary>What the header says instead of the payload's length.</summary>
    public int? ClaimedLength { get; init; }

    /// <summary>Of RST_STREAM and GOAWAY (RFC 9113 §7).</summary>
    public int ErrorCode => BinaryPrimitives.ReadInt32BigEndian(Payload.AsSpan(Type == H2Type.GoAway ? 4 : 0));

    /// <summary>Of an answer's HEADERS, as a server without a dynamic table writes it (RFC 7541 §6, Appendix A).</summary>
    public int Status => Payload[0] switch
    {
        0x88 => 200,
        0x89 => 204,
        0x8c => 400,
        0x8d => 404,
        0x8e => 500,
        0x08 or 0x48 when Payload[1] == 3 => int.Parse(Encoding.ASCII.GetString(Payload, 2, 3), CultureInfo.InvariantCulture),
        var other => throw new FormatException($"no status begins with {other:x2}"),
    };

    public byte[] ToBytes()
    {
        var bytes = new byte[9 + Payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)(ClaimedLength ?? Payload.Length) << 8 | (byte)Type);
        bytes[4] = Flags;
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(5), Stream);
        Payload.CopyTo(bytes, 9);
        return bytes;
    }

    public static H2Frame Of(H2Type type, int stream, byte[] payload, byte flags = 0) => new(type, flags, stream, payload);

    public static H2Frame Settings(params (ushort Id, uint Value)[] settings)
    {
        var payload = new byte[6 * settings.Length];
        foreach (var (i, (id, value)) in settings.Index())
        {
            BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(6 * i), id);
            BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(6 * i + 2), value);
        }

        return new(H2Type.Settings, 0, 0, payload);
    }

    public static H2Frame Headers(int stream, byte[] block, byte flags = EndHeaders | EndStream) => new(H2Type.Headers, flags, stream, block);

    public static H2Frame Reset(int stream, int code = 8) => new(H2Type.RstStream, 0, stream, Number(code));

    public static H2Frame WindowUpdate(int stream, int increment) => new(H2Type.WindowUpdate, 0, stream, Number(increment));

    public static byte[] Number(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}

/// <summary>HPACK as far as an attacker needs it: literals (RFC 7541 §6.2).</summary>
public static class H2Headers
{
    /// <summary>A GET that is well-formed.</summary>
    public static byte[] Get(string path = "/api", params (string Name, string Value)[] more) => Block([.. Request("GET", path), .. more]);

    public static (string Name, string Value)[] Request(string method, string path = "/api") =>
        [(":method", method), (":scheme", "https"), (":authority", "gateway.test"), (":path", path)];

    public static byte[] Block(params (string Name, string Value)[] fields) => [.. fields.SelectMany(field => Literal(field.Name, field.Value))];

    /// <param name="first">0x00 leaves the dynamic table alone, 0x40 adds to it.</param>
    public static byte[] Literal(string name, string value, byte first = 0) => [first, .. Text(name), .. Text(value)];

    /// <summary>RFC 7541 §5.1.</summary>
    public static byte[] Prefixed(long value, int prefixBits, byte first)
    {
        var most = (1 << prefixBits) - 1;
        if (value < most) return [(byte)(first | value)];
        var bytes = new List<byte> { (byte)(first | most) };
        for (value -= most; value >= 128; value >>= 7) bytes.Add((byte)(value & 127 | 128));
        bytes.Add((byte)value);
        return [.. bytes];
    }

    static byte[] Text(string text) => [.. Prefixed(text.Length, 7, 0), .. Encoding.Latin1.GetBytes(text)];
}
