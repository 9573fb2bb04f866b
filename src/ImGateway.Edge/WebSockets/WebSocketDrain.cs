namespace ImGateway.Edge.WebSockets;

/// <summary>Asks the open WebSockets to go, each with a Close 1012 and none before its moment.</summary>
sealed class WebSocketDrain(WebSocketRegistry registry, WebSocketMetrics metrics, Random random, TimeProvider time)
{
    /// <summary>"Service Restart" in IANA's registry of close codes (RFC 6455 §11.7): clients come back, and elsewhere.</summary>
    const ushort ServiceRestart = 1012;

    /// <summary>Few sockets are opened once nobody can connect any more: on HTTP/2 connections, and by those who had just connected.</summary>
    static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(500);

    public int Left => registry.Count;

    /// <summary>How many have ended by this.</summary>
    public long Ended => metrics.Closed(ClosedBy.Drain);

    /// <summary>Closes what is open over <paramref name="spread"/>, then what is opened still, until cancelled.</summary>
    public async Task CloseAsync(TimeSpan spread, CancellationToken cancellationToken)
    {
        await DrainSchedule.CloseAsync(registry.Open.ToArray(), socket => socket.RequestClose(ServiceRestart), spread, random, time, cancellationToken);

        using var timer = new PeriodicTimer(LookAgain, time);
        do AskAll();
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <summary>Ends at once what is left, on the drain's account.</summary>
    /// <returns>How many there were.</returns>
    public int Cut()
    {
        var sockets = registry.Open;
        AskAll();
        foreach (var socket in sockets) socket.Abort(ClosedBy.Drain);
        return sockets.Count;
    }

    public Task WhenGoneAsync(CancellationToken cancellationToken) => registry.WhenEmptyAsync(cancellationToken);

    void AskAll()
    {
        foreach (var socket in registry.Open) socket.RequestClose(ServiceRestart);
    }
}
