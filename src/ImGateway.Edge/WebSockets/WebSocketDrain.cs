namespace ImGateway.Edge.WebSockets;

/// <summary>Closes the open WebSockets in a drain, each with Close 1012 at its scheduled time.</summary>
sealed class WebSocketDrain(WebSocketRegistry registry, WebSocketMetrics metrics, Random random, TimeProvider time)
{
    /// <summary>"Service Restart" in IANA's registry of close codes (RFC 6455 §11.7): clients reconnect, to another edge.</summary>
    const ushort ServiceRestart = 1012;

    public int Remaining => registry.Count;

    /// <summary>The number of sockets closed by drains.</summary>
    public long ClosedByDrain => metrics.Closed(ClosedBy.Drain);

    /// <summary>Closes the open sockets over <paramref name="spread"/>, then sockets opened later, until cancelled.</summary>
    public Task CloseAsync(TimeSpan spread, CancellationToken cancellationToken) =>
        DrainSchedule.CloseUntilCancelledAsync(() => registry.Open, static socket => socket.RequestClose(ServiceRestart), spread, random, time, cancellationToken);

    /// <summary>Aborts the remaining sockets, counted as ended by the drain.</summary>
    /// <returns>Their number.</returns>
    public int AbortAll()
    {
        var sockets = registry.Open;
        foreach (var socket in sockets) socket.RequestClose(ServiceRestart);
        foreach (var socket in sockets) registry.TryAbort(socket, ClosedBy.Drain);
        return sockets.Count;
    }

    public Task WhenEmptyAsync(CancellationToken cancellationToken) => registry.WhenEmptyAsync(cancellationToken);
}
