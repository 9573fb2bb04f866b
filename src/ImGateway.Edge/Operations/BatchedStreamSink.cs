using System.Text;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting;

namespace ImGateway.Edge.Operations;

/// <summary>Formats a batch of events into one reused buffer and writes it at once. Serilog calls it for one batch at a time, off the request path.</summary>
sealed class BatchedStreamSink : IBatchedLogEventSink, IDisposable
{
    const int KeptBytes = 1024 * 1024;

    readonly Stream _stream;
    readonly ITextFormatter _formatter;
    readonly MemoryStream _buffer = new();
    readonly StreamWriter _writer;

    public BatchedStreamSink(Stream stream, ITextFormatter formatter)
    {
        _stream = stream;
        _formatter = formatter;
        _writer = new StreamWriter(_buffer, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), bufferSize: 16 * 1024);
    }

    public async Task EmitBatchAsync(IReadOnlyCollection<LogEvent> batch)
    {
        foreach (var logEvent in batch) _formatter.Format(logEvent, _writer);
        await _writer.FlushAsync();
        try
        {
            await _stream.WriteAsync(_buffer.GetBuffer().AsMemory(0, (int)_buffer.Length));
            await _stream.FlushAsync();
        }
        finally
        {
            _buffer.SetLength(0);
            if (_buffer.Capacity > KeptBytes) _buffer.Capacity = KeptBytes;
        }
    }

    public Task OnEmptyBatchAsync() => Task.CompletedTask;

    public void Dispose()
    {
        _writer.Dispose();
        _stream.Dispose();
    }
}
