using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;

namespace ImGateway.Edge.WebSockets;

/// <summary>
/// The leases of open and requested WebSockets, at most <c>Limits:WebSockets</c>. Requested ones count, so that concurrent requests cannot exceed the limit
/// together.
/// </summary>
sealed class WebSocketLeases(WebSocketRegistry registry, CurrentOptions current)
{
    int _count;

    /// <summary>The number of leases.</summary>
    public int Count => Volatile.Read(ref _count);

    internal WebSocketRegistry Registry => registry;

    /// <summary>Creates a lease; null if the limit is reached.</summary>
    /// <param name="connection">The lease of the connection; null if connections are not counted.</param>
    /// <param name="route">The route label.</param>
    public WebSocketLease? TryTake(ConnectionLease? connection, string route)
    {
        var limit = current.Value.Limits.WebSockets;
        if (Interlocked.Increment(ref _count) <= limit || limit == 0) return new WebSocketLease(this, connection, route);
        Return();
        return null;
    }

    internal void Return() => Interlocked.Decrement(ref _count);
}
