using System.Collections.Concurrent;

namespace ImGateway.Edge.WebSockets;

/// <summary>The WebSockets that are open: the one list that changes while serving.</summary>
sealed class WebSocketRegistry(WebSocketMetrics metrics, TimeProvider time)
{
    readonly ConcurrentDictionary<OpenWebSocket, byte> _open = new(ReferenceEqualityComparer.Instance);

    public int Count => _open.Count;

    public IReadOnlyCollection<OpenWebSocket> Open => [.. _open.Keys];

    internal TimeProvider Time => time;

    internal WebSocketMetrics Metrics => metrics;

    /// <summary>Follows the WebSocket that a request asks for: from its upgrade, if the upstream grants one, to its end.</summary>
    public WebSocketSession Follow(HttpContext context, string route, Action<int> onUpgraded) => new(this, context, route, onUpgraded);

    internal OpenWebSocket Add(string route)
    {
        var socket = new OpenWebSocket(route, time.GetUtcNow());
        _open.TryAdd(socket, 0);
        metrics.OnOpened();
        return socket;
    }

    internal void Remove(OpenWebSocket socket, ClosedBy by)
    {
        if (_open.TryRemove(socket, out _)) metrics.OnClosed(by, time.GetUtcNow() - socket.Since);
    }
}
