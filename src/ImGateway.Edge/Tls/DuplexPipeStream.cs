using System.Buffers;
using System.IO.Pipelines;
using ImGateway.DirectTls.Transport;

namespace ImGateway.Edge.Tls;

/// <summary>A pair of pipes as a stream, for libraries that need a stream. Zero-byte reads wait for data without a buffer. Disposing it leaves the pipes open.</summary>
class DuplexPipeStream(IDuplexPipe pipes) : AsynchronousStream
{
    protected PipeReader Input => pipes.Input;

    protected PipeWriter Output => pipes.Output;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Take(await Input.ReadAsync(cancellationToken), buffer.Span);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        await Output.WriteAsync(buffer, cancellationToken);

    /// <summary>Copies and consumes as much as fits.</summary>
    protected int Take(ReadResult result, Span<byte> buffer)
    {
        var available = result.Buffer;
        var count = (int)Math.Min(available.Length, buffer.Length);
        var taken = available.Slice(0, count);
        taken.CopyTo(buffer);
        Input.AdvanceTo(taken.End);
        return count;
    }
}
