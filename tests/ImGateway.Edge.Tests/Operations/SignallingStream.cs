using System.Text;

namespace ImGateway.Edge.Tests.Operations;

/// <summary>An output whose reader can stand still, and that says when a text has arrived.</summary>
sealed class SignallingStream : MemoryStream
{
    readonly Lock _lock = new();
    readonly List<(string Text, TaskCompletionSource Arrived)> _awaited = [];
    TaskCompletionSource _open = Opened();

    public string Text
    {
        get
        {
            lock (_lock) return Encoding.UTF8.GetString(ToArray());
        }
    }

    public void Block() => _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Unblock() => _open.SetResult();

    public Task Written(string text)
    {
        lock (_lock)
        {
            var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _awaited.Add((text, arrived));
            Announce();
            return arrived.Task;
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _open.Task;
        lock (_lock)
        {
            Write(buffer.Span);
            Announce();
        }
    }

    static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
    }

    void Announce()
    {
        foreach (var (text, arrived) in _awaited)
        {
            if (Text.Contains(text)) arrived.TrySetResult();
        }
    }
}
