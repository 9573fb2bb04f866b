using System.Buffers;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Tls;

/// <summary>
/// RFC 9113 §3.4: what a client sends over HTTP/2 begins with SETTINGS, behind a fixed preface; all else is a connection error. Kestrel checks the preface
/// but takes any first frame. Nothing is consumed here.
/// </summary>
sealed class H2Preface(TimeProvider time)
{
    const int PrefaceLength = 24, FrameHeader = 9;

    /// <summary>As long as a header block may take. Clients send both parts in one go.</summary>
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>The server's preface, which is an empty SETTINGS, and GOAWAY with PROTOCOL_ERROR (RFC 9113 §6.8).</summary>
    static readonly byte[] ProtocolError = [0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

    static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>Whether HTTP/2 may begin on <paramref name="connection"/>; if not, there is nothing more to read from it.</summary>
    public async Task<bool> CheckAsync(ConnectionContext connection)
    {
        using var late = new CancellationTokenSource(Patience, time);
        try
        {
            while (true)
            {
                var read = await connection.Transport.Input.ReadAsync(late.Token);
                var begins = Begins(read.Buffer);
                var goesOn = begins is null && !read.IsCompleted;
                connection.Transport.Input.AdvanceTo(read.Buffer.Start, goesOn ? read.Buffer.End : read.Buffer.Start);
                if (goesOn) continue;
                if (begins is false) await connection.Transport.Output.WriteAsync(ProtocolError, late.Token);
                return begins is true;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ConnectionAbortedException)
        {
            // Gone, or too slow.
            return false;
        }
    }

    /// <summary>Null: so far it may. What is no preface at all is Kestrel's to refuse.</summary>
    static bool? Begins(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> start = stackalloc byte[PrefaceLength + FrameHeader];
        start = start[..(int)Math.Min(buffer.Length, start.Length)];
        buffer.Slice(0, start.Length).CopyTo(start);
        if (!Preface.StartsWith(start[..Math.Min(start.Length, PrefaceLength)])) return true;
        if (start.Length < PrefaceLength + FrameHeader) return null;
        const byte Settings = 4, Ack = 1;
        var frame = start[PrefaceLength..];
        // On stream 0 or not is for Kestrel to judge: it does.
        return frame[3] == Settings && (frame[4] & Ack) == 0;
    }
}
