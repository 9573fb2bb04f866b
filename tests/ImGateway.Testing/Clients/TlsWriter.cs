using System.Buffers.Binary;

namespace ImGateway.Testing;

/// <summary>Bytes in TLS presentation language (RFC 8446 §3): big-endian numbers and vectors with their length in front.</summary>
sealed class TlsWriter
{
    readonly List<byte> _bytes = [];

    public byte[] ToArray() => [.. _bytes];

    public TlsWriter U8(int value)
    {
        _bytes.Add((byte)value);
        return this;
    }

    public TlsWriter U16(int value) => U8(value >> 8).U8(value);

    public TlsWriter Raw(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public TlsWriter Vector(int lengthBytes, ReadOnlySpan<byte> body)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, body.Length);
        return Raw(length[(4 - lengthBytes)..]).Raw(body);
    }

    public TlsWriter Vector(int lengthBytes, Action<TlsWriter> body)
    {
        var inner = new TlsWriter();
        body(inner);
        return Vector(lengthBytes, inner.ToArray());
    }
}
