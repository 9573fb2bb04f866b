using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Connections;

/// <summary>The connections of clients and the listeners they come in by: the public side of the edge, which a stop closes step by step.</summary>
sealed class ClientConnections
{
    readonly ConcurrentDictionary<ClientConnection, byte> _served = new(ReferenceEqualityComparer.Instance);
    readonly ConcurrentBag<IConnectionListener> _listeners = [];
    readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _count;
    volatile bool _closing;

    public int Count => Volatile.Read(ref _count);

    public bool IsClosing => _closing;

    public void Add(IConnectionListener listener) => _listeners.Add(listener);

    public void OnAccepted() => Interlocked.Increment(ref _count);

    /// <summary>One connection, from its first byte to its last.</summary>
    public async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var client = new ClientConnection(connection, this);
        connection.Features.Set(client);
        _served.TryAdd(client, 0);
        try
        {
            await next(connection);
        }
        finally
        {
            _served.TryRemove(client, out _);
            if (Interlocked.Decrement(ref _count) == 0 && _closing) _empty.TrySetResult();
        }
    }

    /// <summary>To be called at intervals: lets go of those whose clients have been gone for <paramref name="looks"/> of them, and says how many.</summary>
    public int LetGoOfGone(int looks) => _served.Count(served => served.Key.LetGoIfGone(looks));

    /// <summary>From here on connections are refused; those there are know nothing of it.</summary>
    public async Task StopAcceptingAsync()
    {
        foreach (var listener in _listeners) await listener.UnbindAsync(CancellationToken.None);
    }

    /// <summary>Every connection ends after the answers under way; one that has asked nothing yet, after its first.</summary>
    public void Close()
    {
        _closing = true;
        Interlocked.MemoryBarrier();
        foreach (var (client, _) in _served) client.Close(evenFresh: false);
        if (Count == 0) _empty.TrySetResult();
    }

    /// <summary>Those that still have asked nothing end too.</summary>
    public void CloseFresh()
    {
        foreach (var (client, _) in _served) client.Close(evenFresh: true);
    }

    public void Abort()
    {
        foreach (var (client, _) in _served) client.Abort();
    }

    /// <summary>After <see cref="Close"/>: until the last connection has ended.</summary>
    public Task WhenEmptyAsync(CancellationToken cancellationToken) => _empty.Task.WaitAsync(cancellationToken);
}
