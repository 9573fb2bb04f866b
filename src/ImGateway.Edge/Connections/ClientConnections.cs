using System.Collections.Concurrent;
using ImGateway.Edge.Connections.Limits;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Connections;

/// <summary>The client connections and their listeners: the public side of the edge, which a graceful shutdown closes step by step.</summary>
sealed class ClientConnections(SlowCloseMonitor slowCloses, ConnectionBudget budget)
{
    readonly ConcurrentDictionary<ClientConnection, byte> _open = new(ReferenceEqualityComparer.Instance);
    readonly ConcurrentBag<IConnectionListener> _listeners = [];
    readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _count;
    volatile bool _closing, _closingUnused;

    /// <summary>The number of connections, from accept until the socket is closed.</summary>
    public int Count => Volatile.Read(ref _count);

    public bool IsClosing => _closing;

    /// <summary>Whether connections without a request so far are closed too.</summary>
    public bool IsClosingUnused => _closingUnused;

    public void Add(IConnectionListener listener) => _listeners.Add(listener);

    /// <summary>Counts an accepted connection and wraps <paramref name="transport"/>.</summary>
    public ClientConnection OnAccepted(ConnectionContext transport)
    {
        var connection = new ClientConnection(transport, this, slowCloses);
        // Set at accept, because a transport may pass the connection to the server only after the handshake.
        connection.Features.Set(connection);
        Interlocked.Increment(ref _count);
        _open.TryAdd(connection, 0);
        return connection;
    }

    /// <summary>Called at intervals: releases connections whose clients have been disconnected for <paramref name="checks"/> intervals; returns their number.</summary>
    public int ReleaseDisconnected(int checks) => _open.Count(open => open.Key.ReleaseIfDisconnected(checks));

    /// <summary>Stops accepting; open connections are not affected.</summary>
    public async Task StopAcceptingAsync()
    {
        foreach (var listener in _listeners) await listener.UnbindAsync(CancellationToken.None);
    }

    /// <summary>Closes every connection after the responses in progress; one without a request so far, after its first response.</summary>
    public void Close()
    {
        _closing = true;
        Interlocked.MemoryBarrier();
        foreach (var (client, _) in _open) client.Close(evenUnused: false);
        if (Count == 0) _empty.TrySetResult();
    }

    /// <summary>Also closes connections without a request so far.</summary>
    public void CloseUnused()
    {
        _closingUnused = true;
        Interlocked.MemoryBarrier();
        foreach (var (client, _) in _open) client.Close(evenUnused: true);
    }

    public void Abort()
    {
        foreach (var (client, _) in _open) client.AbortForStop();
    }

    /// <summary>After <see cref="Close"/>: completes when the last connection has ended.</summary>
    public Task WhenEmptyAsync(CancellationToken cancellationToken) => _empty.Task.WaitAsync(cancellationToken);

    internal void OnClosed(ClientConnection connection)
    {
        _open.TryRemove(connection, out _);
        budget.OnClosed();
        if (Interlocked.Decrement(ref _count) == 0 && _closing) _empty.TrySetResult();
    }
}
