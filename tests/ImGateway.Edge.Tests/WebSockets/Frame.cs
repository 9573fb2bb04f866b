using System.Buffers.Binary;

namespace ImGateway.Edge.Tests.WebSockets;

/// <summary>A frame of RFC 6455 §5.2 with whatever first byte and mask, legal or not.</summary>
sealed record Frame(int Opcode, byte[] Payload, bool Fin = true, int Reserved = 0, bool Masked = false)
{
    public const int Text = 1;
    public const int Binary = 2;
    public const int CloseOpcode = 8;
    public const int Ping = 9;
    public const int Pong = 10;

    static readonly byte[] Key = [0x11, 0x22, 0xA5, 0xFF];

    public static Frame Close(int code, string reason = "", bool masked = false) =>
        new(CloseOpcode, [(byte)(code >> 8), (byte)code, .. System.Text.Encoding.UTF8.GetBytes(reason)], Masked: masked);

    /// <summary>With a length written in 7, 16 or 64 bits, whichever is the shortest.</summary>
    public byte[] ToBytes()
    {
        using var bytes = new MemoryStream();
        var mask = Masked ? 0x80 : 0;
        bytes.WriteByte((byte)((Fin ? 0x80 : 0) | (Reserved << 4) | Opcode));
        Span<byte> length = stackalloc byte[8];
        if (Payload.Length < 126)
        {
            bytes.WriteByte((byte)(mask | Payload.Length));
        }
        else if (Payload.Length <= ushort.MaxValue)
        {
            bytes.WriteByte((byte)(mask | 126));
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)Payload.Length);
            bytes.Write(length[..2]);
        }
        else
        {
            bytes.WriteByte((byte)(mask | 127));
            BinaryPrimitives.WriteUInt64BigEndian(length, (ulong)Payload.Length);
            bytes.Write(length);
        }

        if (Masked) bytes.Write(Key);
        for (var i = 0; i < Payload.Length; i++) bytes.WriteByte((byte)(Payload[i] ^ (Masked ? Key[i % 4] : 0)));
        return bytes.ToArray();
    }

    /// <summary>Whole frames without a mask; anything else is a failed test.</summary>
    public static List<Frame> Parse(ReadOnlySpan<byte> bytes)
    {
        List<Frame> frames = [];
        while (!bytes.IsEmpty)
        {
            var (first, length, header) = (bytes[0], bytes[1] & 0x7FL, 2);
            if (length == 126) (length, header) = (BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]), 4);
            else if (length == 127) (length, header) = (BinaryPrimitives.ReadInt64BigEndian(bytes[2..]), 10);
            frames.Add(new Frame(first & 0x0F, bytes.Slice(header, (int)length).ToArray(), (first & 0x80) != 0, (first >> 4) & 7));
            bytes = bytes[(header + (int)length)..];
        }

        return frames;
    }
}
