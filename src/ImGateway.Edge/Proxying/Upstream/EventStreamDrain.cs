using ImGateway.Edge.WebSockets;

namespace ImGateway.Edge.Proxying.Upstream;

/// <summary>
/// Ends event streams in a drain, spread over time like WebSockets, so that clients do not reconnect all at once. The end may be
/// between any two bytes: a client discards an incomplete event and reconnects with the id of the last complete one (HTML, "Server-sent events").
/// </summary>
sealed class EventStreamDrain(OpenEventStreams streams, Random random, TimeProvider time)
{
    /// <summary>Ends the open streams over <paramref name="spread"/>, then streams opened later, until cancelled.</summary>
    public Task CloseAsync(TimeSpan spread, CancellationToken cancellationToken) =>
        DrainSchedule.CloseUntilCancelledAsync(() => streams.All, static stream => stream.End(), spread, random, time, cancellationToken);
}
