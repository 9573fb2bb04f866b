using System.IO.Pipelines;

namespace ImGateway.Edge.Tests.WebSockets;

/// <summary>
/// One end of a connection in memory, which behaves as a socket's stream does: zero-byte reads wait for data, disposing ends what waits.
/// </summary>
sealed class MemoryDuplex(PipeReader reader, PipeWriter writer) : SideStream
{
    /// <summary>Zero-byte reads end at once, as those of a socket do when they meet an event whose data has been read already.</summary>
    public bool EndsWaitsEarly { get; set; }

    public static (MemoryDuplex Near, MemoryDuplex Far) Pair()
    {
        var (there, back) = (new Pipe(), new Pipe());
        return (new MemoryDuplex(back.Reader, there.Writer), new MemoryDuplex(there.Reader, back.Writer));
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty && EndsWaitsEarly) return 0;
        var read = await reader.ReadAsync(cancellationToken);
        if (read.IsCanceled) throw new IOException("disposed");
        var count = (int)Math.Min(buffer.Length, read.Buffer.Length);
        var position = 0;
        foreach (var segment in read.Buffer.Slice(0, count))
        {
            segment.Span.CopyTo(buffer.Span[position..]);
            position += segment.Length;
        }

        var consumed = read.Buffer.GetPosition(count);
        // A zero-byte read examines nothing: the next read must not wait.
        reader.AdvanceTo(consumed);
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var flushed = await writer.WriteAsync(buffer, cancellationToken);
        if (flushed.IsCanceled) throw new IOException("disposed");
    }

    protected override void Dispose(bool disposing)
    {
        reader.CancelPendingRead();
        writer.CancelPendingFlush();
        writer.Complete();
        base.Dispose(disposing);
    }
}
