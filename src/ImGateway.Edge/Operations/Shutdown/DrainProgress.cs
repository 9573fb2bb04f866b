using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.WebSockets;

namespace ImGateway.Edge.Operations.Shutdown;

/// <summary>The progress of a drain.</summary>
/// <param name="Phase"><c>waiting</c>: not ready, but everything is served until load balancers notice; <c>closing</c>: no new connections.</param>
/// <param name="Since">When the drain was requested.</param>
/// <param name="AcceptsUntil">The planned end of <c>waiting</c>.</param>
/// <param name="EndsBy">When the remaining connections are aborted.</param>
/// <param name="WebSocketsAtStart">WebSockets open when the drain was requested.</param>
public sealed record DrainStatus(
    string Phase, DateTimeOffset Since, DateTimeOffset AcceptsUntil, DateTimeOffset EndsBy, int WebSocketsAtStart, int WebSocketsLeft, int ConnectionsLeft);

/// <summary>Holds the progress of the drain for status pages and verbs.</summary>
sealed class DrainProgress(WebSocketRegistry webSockets, ClientConnections connections, TimeProvider time)
{
    volatile DrainStatus? _status;

    /// <summary>Null if no stop was requested.</summary>
    public DrainStatus? Status => _status is { } status ? status with { WebSocketsLeft = webSockets.Count, ConnectionsLeft = connections.Count } : null;

    public void Begun(DrainSection drain)
    {
        var now = time.GetUtcNow();
        _status = new DrainStatus("waiting", now, now + drain.Delay, now + drain.Timeout, webSockets.Count, webSockets.Count, connections.Count);
    }

    public void StoppedAccepting() => _status = _status is { } status ? status with { Phase = "closing" } : null;
}
