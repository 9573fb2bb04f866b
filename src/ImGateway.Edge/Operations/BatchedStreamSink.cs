using System.Text;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Parsing;

namespace ImGateway.Edge.Operations;

/// <summary>Formats a batch of events into one reused buffer and writes it with one call. Serilog calls it for one batch at a time, off the request path.</summary>
sealed class BatchedStreamSink : IBatchedLogEventSink, IDisposable
{
    const int KeptBytes = 1024 * 1024;

    static readonly MessageTemplate Unformatted = new MessageTemplateParser().Parse("A log event could not be written: {Template}");

    readonly Stream _stream;
    readonly ITextFormatter _formatter;
    readonly MemoryStream _buffer = new();
    readonly StreamWriter _writer;
    readonly StringWriter _line = new();

    public BatchedStreamSink(Stream stream, ITextFormatter formatter)
    {
        _stream = stream;
        _formatter = formatter;
        _writer = new StreamWriter(_buffer, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), bufferSize: 16 * 1024);
    }

    public async Task EmitBatchAsync(IReadOnlyCollection<LogEvent> batch)
    {
        foreach (var logEvent in batch) Format(logEvent);
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

    /// <summary>Discards a partial line if a value of the event cannot be formatted.</summary>
    void Format(LogEvent logEvent)
    {
        _line.GetStringBuilder().Clear();
        try
        {
            _formatter.Format(logEvent, _line);
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException or ArgumentException or NotSupportedException)
        {
            _line.GetStringBuilder().Clear();
            var property = new LogEventProperty("Template", new ScalarValue(logEvent.MessageTemplate.Text));
            _formatter.Format(new LogEvent(logEvent.Timestamp, LogEventLevel.Error, e, Unformatted, [property]), _line);
        }

        _writer.Write(_line.GetStringBuilder());
    }

    public Task OnEmptyBatchAsync() => Task.CompletedTask;

    public void Dispose()
    {
        _line.Dispose();
        _writer.Dispose();
        _stream.Dispose();
    }
}
