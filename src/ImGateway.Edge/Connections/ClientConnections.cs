using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Connections;

/// <summary>The connections of clients and the listeners they come in by: the public side of the edge, which a stop closes step by step.</summary>
sealed class ClientConnections(ConnectionEnds ends, ConnectionBudget budget)
{
    readonly ConcurrentDictionary<ClientConnection, byte> _open = new(ReferenceEqualityComparer.Instance);
    readonly ConcurrentBag<IConnectionListener> _listeners = [];
    readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _count;
    volatile bool _closing, _closingFresh;

    /// <summary>From accept until the socket is closed.</summary>
    public int Count => Volatile.Read(ref _count);

    public bool IsClosing => _closing;

    /// <summary>Also connections that have asked nothing yet.</summary>
    public bool IsClosingFresh => _closingFresh;

    public void Add(IConnectionListener listener) => _listeners.Add(listener);

    /// <summary>Counts what a listener has accepted and the budget has room for, and has it served in the place of <paramref name="transport"/>.</summary>
    public ClientConnection Accepted(ConnectionContext transport)
    {
        var connection = new ClientConnection(transport, this, ends);
        // At once: a transport may hand it to the server only after the handshake.
        connection.Features.Set(connection);
        Interlocked.Increment(ref _count);
        _open.TryAdd(connection, 0);
        return connection;
    }

    /// <summary>To be called at intervals: releases those whose clients have been gone for <paramref name="looks"/> of them, and says how many.</summary>
    public int ReleaseGone(int looks) => _open.Count(open => open.Key.ReleaseIfGone(looks));

    /// <summary>From here on connections are refused; those that are open are not affected.</summary>
    public async Task StopAcceptingAsync()
    {
        foreach (var listener in _listeners) await listener.UnbindAsync(CancellationToken.None);
    }

    /// <summary>Every connection ends after the answers under way; one that has asked nothing yet, after its first.</summary>
    public void Close()
    {
        _closing = true;
        Interlocked.MemoryBarrier();
        foreach (var (client, _) in _open) client.Close(evenFresh: false);
        if (Count == 0) _empty.TrySetResult();
    }

    /// <summary>Those that still have asked nothing end too.</summary>
    public void CloseFresh()
    {
        _closingFresh = true;
        Interlocked.MemoryBarrier();
        foreach (var (client, _) in _open) client.Close(evenFresh: true);
    }

    public void Abort()
    {
        foreach (var (client, _) in _open) client.Cut();
    }

    /// <summary>After <see cref="Close"/>: until the last connection has ended.</summary>
    public Task WhenEmptyAsync(CancellationToken cancellationToken) => _empty.Task.WaitAsync(cancellationToken);

    internal void OnClosed(ClientConnection connection)
    {
        _open.TryRemove(connection, out _);
        budget.OnClosed();
        if (Interlocked.Decrement(ref _count) == 0 && _closing) _empty.TrySetResult();
    }
}
