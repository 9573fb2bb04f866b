using System.Buffers;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Tls;

/// <summary>
/// Checks that an HTTP/2 connection begins with the preface and a SETTINGS frame (RFC 9113 §3.4); anything else is a connection error. Kestrel checks the preface
/// but accepts any first frame. Consumes nothing.
/// </summary>
sealed class Http2Preface(TimeProvider time)
{
    const int PrefaceLength = 24, FrameHeader = 9;

    /// <summary>The time-out, equal to that of a header block. Clients send both parts at once.</summary>
    static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(15);

    /// <summary>The server's preface (an empty SETTINGS frame) and GOAWAY with PROTOCOL_ERROR (RFC 9113 §6.8).</summary>
    static readonly byte[] ProtocolError = [0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

    static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>Whether HTTP/2 may begin on <paramref name="connection"/>; if not, the connection must be closed.</summary>
    public async Task<bool> CheckAsync(ConnectionContext connection)
    {
        using var timeout = new CancellationTokenSource(TimeLimit, time);
        try
        {
            while (true)
            {
                var read = await connection.Transport.Input.ReadAsync(timeout.Token);
                var begins = Begins(read.Buffer);
                var needsMore = begins is null && !read.IsCompleted;
                connection.Transport.Input.AdvanceTo(read.Buffer.Start, needsMore ? read.Buffer.End : read.Buffer.Start);
                if (needsMore) continue;
                if (begins is false) await connection.Transport.Output.WriteAsync(ProtocolError, timeout.Token);
                return begins is true;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The client has disconnected, or is too slow.
            return false;
        }
    }

    /// <summary>Null if more bytes are needed. Kestrel itself rejects an invalid preface.</summary>
    static bool? Begins(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> start = stackalloc byte[PrefaceLength + FrameHeader];
        start = start[..(int)Math.Min(buffer.Length, start.Length)];
        buffer.Slice(0, start.Length).CopyTo(start);
        if (!Preface.StartsWith(start[..Math.Min(start.Length, PrefaceLength)])) return true;
        if (start.Length < PrefaceLength + FrameHeader) return null;
        const byte Settings = 4, Ack = 1;
        var frame = start[PrefaceLength..];
        // Kestrel checks that the frame is on stream 0.
        return frame[3] == Settings && (frame[4] & Ack) == 0;
    }
}
