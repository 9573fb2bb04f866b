using System.Text.Json;
using System.Threading.Channels;
using ImGateway.Edge.Operations.Status;

namespace ImGateway.Edge.Operations.Control;

/// <summary>
/// Streams the progress of a long operation: one JSON object for each line (<see cref="ControlLine{T}"/>), the last of them the result.
/// The operation continues if the caller disconnects.
/// </summary>
sealed class ControlProgress : IProgress<string>
{
    /// <summary>Serializes each object to a single line.</summary>
    static readonly JsonSerializerOptions Json = new(StatusCollector.Json) { WriteIndented = false };

    readonly Channel<string> _lines = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });

    public void Report(string value) => _lines.Writer.TryWrite(value);

    public static async Task AnswerAsync<T>(HttpContext context, Func<IProgress<string>, Task<T>> change)
    {
        context.Response.ContentType = "application/x-ndjson";
        var progress = new ControlProgress();
        var done = progress.ChangeAsync(change);
        // An empty first line, because the caller has a time-out for the first response and the operation may have to wait for a lock.
        await WriteAsync(context, ReadOnlyMemory<byte>.Empty);
        await foreach (var line in progress._lines.Reader.ReadAllAsync(CancellationToken.None)) await WriteAsync(context, LineOf(new ControlLine<T>(line, default)));
        await WriteAsync(context, LineOf(new ControlLine<T>(null, await done)));
    }

    async Task<T> ChangeAsync<T>(Func<IProgress<string>, Task<T>> change)
    {
        try
        {
            return await change(this);
        }
        finally
        {
            _lines.Writer.Complete();
        }
    }

    static ReadOnlyMemory<byte> LineOf<T>(ControlLine<T> line) => (byte[])[.. JsonSerializer.SerializeToUtf8Bytes(line, Json), (byte)'\n'];

    static async Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> line)
    {
        if (context.RequestAborted.IsCancellationRequested) return;
        try
        {
            await context.Response.Body.WriteAsync(line, context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The caller has disconnected; the operation continues.
        }
    }
}

/// <summary>A line of progress, or the result.</summary>
sealed record ControlLine<T>(string? Progress, T? Result);
