using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace ImGateway.Testing;

/// <summary>One line as a logger was given it, with its exception.</summary>
public sealed record RecordedLog(string Category, LogLevel Level, string Message, Exception? Exception)
{
    public override string ToString() => $"{Level} {Category}: {Message} {Exception}";
}

/// <summary>Keeps what is logged in the process.</summary>
public sealed class RecordingLogs : ILoggerProvider
{
    readonly ConcurrentQueue<RecordedLog> _lines = new();

    public IReadOnlyList<RecordedLog> Lines => [.. _lines];

    public ILogger CreateLogger(string categoryName) => new Recorder(categoryName, _lines);

    public void Dispose()
    {
        // Nothing is held.
    }

    sealed class Recorder(string category, ConcurrentQueue<RecordedLog> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) lines.Enqueue(new RecordedLog(category, logLevel, formatter(state, exception), exception));
        }
    }
}
