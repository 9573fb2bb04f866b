using System.Buffers.Binary;
using System.Text;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations;

/// <summary>As much of HTTP/2 (RFC 9113) as it takes to see how a server ends a connection.</summary>
static class RawHttp2
{
    const byte Data = 0, Headers = 1, Settings = 4, GoAway = 7;
    const byte EndStream = 1, EndHeaders = 4;

    /// <summary>Preface, settings and a request on stream 1, HPACK without compression (RFC 7541 §6.2.2).</summary>
    public static byte[] Get(string host, string path)
    {
        // Indexed: :method GET, :scheme https.
        List<byte> block = [0x82, 0x87];
        Literal(0x01, host);
        Literal(0x04, path);
        return [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, []), .. Frame(Headers, EndStream | EndHeaders, 1, [.. block])];

        void Literal(byte name, string value)
        {
            block.AddRange([name, (byte)value.Length]);
            block.AddRange(Encoding.ASCII.GetBytes(value));
        }
    }

    /// <summary>Skips what comes before it.</summary>
    public static async Task<(int LastStream, int Error)> ReadGoAwayAsync(TlsWire wire, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (type, _, payload) = await ReadFrameAsync(wire, cancellationToken);
            if (type == GoAway) return (BinaryPrimitives.ReadInt32BigEndian(payload), BinaryPrimitives.ReadInt32BigEndian(payload.AsSpan(4)));
        }
    }

    /// <returns>Whether the response's last frame came; false if the connection was given up before.</returns>
    public static async Task<bool> ReadToEndOfStreamAsync(TlsWire wire, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (type, flags, _) = await ReadFrameAsync(wire, cancellationToken);
            if (type is Data or Headers && (flags & EndStream) != 0) return true;
            if (type == GoAway) return false;
        }
    }

    static async Task<(byte Type, byte Flags, byte[] Payload)> ReadFrameAsync(TlsWire wire, CancellationToken cancellationToken)
    {
        var header = new byte[9];
        await wire.ReadExactlyAsync(header, cancellationToken);
        var payload = new byte[(header[0] << 16) | (header[1] << 8) | header[2]];
        await wire.ReadExactlyAsync(payload, cancellationToken);
        return (header[3], header[4], payload);
    }

    static byte[] Frame(byte type, byte flags, byte stream, byte[] payload) => [0, (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, 0, 0, 0, stream, .. payload];
}
