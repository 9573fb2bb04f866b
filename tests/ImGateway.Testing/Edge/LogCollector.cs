using Microsoft.Extensions.Logging;

namespace ImGateway.Testing;

/// <summary>Keeps every line logged, and lets a test wait for one.</summary>
public sealed class LogCollector<T> : ILogger<T>
{
    readonly Lock _lock = new();
    readonly List<(LogLevel Level, string Text)> _lines = [];
    readonly List<(string Part, TaskCompletionSource<string> Arrived)> _awaited = [];

    public IReadOnlyList<(LogLevel Level, string Text)> Lines
    {
        get
        {
            lock (_lock) return [.. _lines];
        }
    }

    /// <summary>The first line, past or to come, that contains <paramref name="part"/>.</summary>
    public Task<string> ContainingAsync(string part, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var found = _lines.Find(line => line.Text.Contains(part)).Text;
            if (found is not null) return Task.FromResult(found);
            var arrived = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            _awaited.Add((part, arrived));
            return arrived.Task.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);
        }
    }

    public void Clear()
    {
        lock (_lock) _lines.Clear();
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var text = formatter(state, exception) + (exception is null ? "" : " " + exception);
        lock (_lock)
        {
            _lines.Add((logLevel, text));
            foreach (var (_, arrived) in _awaited.Where(awaited => text.Contains(awaited.Part))) arrived.TrySetResult(text);
        }
    }
}
