using System.Text.Json;
using System.Threading.Channels;

namespace ImGateway.Edge.Operations;

/// <summary>
/// A change that takes its time, told as it goes: one JSON object a line (<see cref="ControlLine{T}"/>), the last of them the result.
/// A caller who goes away loses the lines and nothing else: the change goes on to its end.
/// </summary>
sealed class ControlProgress : IProgress<string>
{
    /// <summary>One object a line, whatever is in it.</summary>
    static readonly JsonSerializerOptions Json = new(EdgeStatus.Json) { WriteIndented = false };

    readonly Channel<string> _lines = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });

    public void Report(string value) => _lines.Writer.TryWrite(value);

    public static async Task AnswerAsync<T>(HttpContext context, Func<IProgress<string>, Task<T>> change)
    {
        context.Response.ContentType = "application/x-ndjson";
        var progress = new ControlProgress();
        var done = progress.ChangeAsync(change);
        // The caller waits only so long for a first sign, and the change may have to wait for its turn.
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
            // Gone: the change goes on without a listener.
        }
    }
}

/// <summary>What has been done so far, or what came of it all.</summary>
sealed record ControlLine<T>(string? Progress, T? Result);
