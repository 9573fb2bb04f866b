using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;

namespace ImGateway.Edge.WebSockets;

/// <summary>
/// The leases of WebSockets that are open or requested: as many as <c>Limits:WebSockets</c> allows, so that many requested at once cannot pass the limit
/// together.
/// </summary>
sealed class WebSocketLeases(WebSocketRegistry registry, CurrentOptions current)
{
    int _count;

    /// <summary>How many there are.</summary>
    public int Count => Volatile.Read(ref _count);

    internal WebSocketRegistry Registry => registry;

    /// <summary>Null: there are as many as allowed.</summary>
    /// <param name="connection">The lease of the connection that the WebSocket is requested on; null where connections are not counted.</param>
    /// <param name="route">The label of its route.</param>
    public WebSocketLease? TryTake(ConnectionLease? connection, string route)
    {
        var limit = current.Value.Limits.WebSockets;
        if (Interlocked.Increment(ref _count) <= limit || limit == 0) return new WebSocketLease(this, connection, route);
        Return();
        return null;
    }

    internal void Return() => Interlocked.Decrement(ref _count);
}
