using System.Collections.Concurrent;

namespace ImGateway.Edge.Proxying;

/// <summary>A response of events under way.</summary>
/// <param name="reading">Ends its copying.</param>
sealed class OpenEventStream(CancellationTokenSource reading)
{
    volatile bool _isEnded;

    /// <summary>By the edge, and not because of silence.</summary>
    public bool IsEnded => _isEnded;

    public void End()
    {
        _isEnded = true;
        try
        {
            reading.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself meanwhile.
        }
    }
}

/// <summary>Which streams of events are open: none ends by itself, so a drain has to end them.</summary>
sealed class OpenEventStreams
{
    readonly ConcurrentDictionary<OpenEventStream, byte> _open = new(ReferenceEqualityComparer.Instance);

    public OpenEventStream[] All => [.. _open.Keys];

    public void Add(OpenEventStream stream) => _open.TryAdd(stream, 0);

    public void Remove(OpenEventStream stream) => _open.TryRemove(stream, out _);
}
