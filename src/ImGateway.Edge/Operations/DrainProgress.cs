using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Operations;

/// <summary>How far a stop in order has come.</summary>
/// <param name="Phase"><c>waiting</c> for balancers to notice, everything is served; <c>closing</c>: nobody can connect any more.</param>
/// <param name="Since">When it was asked for.</param>
/// <param name="AcceptsUntil">When <c>waiting</c> ends, as planned.</param>
/// <param name="EndsBy">When what is left is cut.</param>
/// <param name="WebSocketsAtStart">Open when it was asked for.</param>
public sealed record DrainStatus(
    string Phase, DateTimeOffset Since, DateTimeOffset AcceptsUntil, DateTimeOffset EndsBy, int WebSocketsAtStart, int WebSocketsLeft, int ConnectionsLeft);

/// <summary>Told by the stop, read by whoever watches it.</summary>
sealed class DrainProgress(Traffic traffic, TimeProvider time)
{
    volatile DrainStatus? _status;

    /// <summary>Null: no stop was asked for.</summary>
    public DrainStatus? Status => _status is { } status ? status with { WebSocketsLeft = traffic.OpenWebSockets, ConnectionsLeft = traffic.Connections } : null;

    public void Begun(DrainSection drain)
    {
        var now = time.GetUtcNow();
        _status = new DrainStatus("waiting", now, now + drain.Delay, now + drain.Timeout, traffic.OpenWebSockets, traffic.OpenWebSockets, traffic.Connections);
    }

    public void StoppedAccepting() => _status = _status is { } status ? status with { Phase = "closing" } : null;
}
