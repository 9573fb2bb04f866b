using System.Text.Json;

namespace ImGateway.Testing;

/// <summary>One line that a program wrote; its JSON form if it is a structured event.</summary>
public sealed record LogLine(string Text)
{
    readonly JsonElement? _json = TryParse(Text);

    /// <summary>The rendered message, or the whole text of a line that is no JSON.</summary>
    public string Message => this["@m"] ?? Text;

    public string? this[string property] =>
        _json is { } json && json.TryGetProperty(property, out var value) ? value.ToString() : null;

    /// <summary>As Serilog calls it: <c>Information</c>, <c>Warning</c>, <c>Error</c>.</summary>
    public string Level => this["@l"] ?? "Information";

    public override string ToString() => Text;

    static JsonElement? TryParse(string text)
    {
        if (!text.StartsWith('{')) return null;
        try
        {
            return JsonElement.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>Collects the lines of a program and wakes those who wait for one.</summary>
public sealed class LogBook
{
    readonly Lock _lock = new();
    readonly List<LogLine> _lines = [];
    readonly List<(Func<LogLine, bool> Predicate, TaskCompletionSource<LogLine> Found)> _waiting = [];

    public IReadOnlyList<LogLine> Lines
    {
        get
        {
            lock (_lock) return [.. _lines];
        }
    }

    public void Add(string text)
    {
        var line = new LogLine(text);
        lock (_lock)
        {
            _lines.Add(line);
            foreach (var waiter in _waiting.Where(w => w.Predicate(line)).ToList())
            {
                waiter.Found.TrySetResult(line);
                _waiting.Remove(waiter);
            }
        }
    }

    /// <summary>The first line that fits, seen already or still to come.</summary>
    /// <param name="from">How many lines to leave out at the beginning: those of before an action whose effect is awaited.</param>
    public async Task<LogLine> WaitForAsync(Func<LogLine, bool> predicate, TimeSpan timeout, int from = 0)
    {
        var found = new TaskCompletionSource<LogLine>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_lines.Skip(from).FirstOrDefault(predicate) is { } seen) return seen;
            _waiting.Add((predicate, found));
        }

        try
        {
            return await found.Task.WaitAsync(timeout);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"No such line within {timeout}. The lines:\n{this}", e);
        }
    }

    public override string ToString() => string.Join('\n', Lines);
}
