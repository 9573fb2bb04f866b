using System.Collections.Concurrent;

namespace ImGateway.Edge.Proxying.Upstream;

/// <summary>An open event stream.</summary>
/// <param name="reading">Cancels the copying.</param>
sealed class OpenEventStream(CancellationTokenSource reading)
{
    volatile bool _isEnded;

    /// <summary>Whether a drain ended the stream, not the time-out.</summary>
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
            // The stream has ended meanwhile.
        }
    }
}

/// <summary>The open event streams. They do not end by themselves, so a drain must end them.</summary>
sealed class OpenEventStreams
{
    readonly ConcurrentDictionary<OpenEventStream, byte> _open = new(ReferenceEqualityComparer.Instance);

    public OpenEventStream[] All => [.. _open.Keys];

    public void Add(OpenEventStream stream) => _open.TryAdd(stream, 0);

    public void Remove(OpenEventStream stream) => _open.TryRemove(stream, out _);
}
