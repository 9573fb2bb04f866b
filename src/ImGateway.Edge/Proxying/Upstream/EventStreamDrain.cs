using ImGateway.Edge.WebSockets;

namespace ImGateway.Edge.Proxying.Upstream;

/// <summary>
/// Ends event streams in a drain, spread over time like WebSockets, so that clients do not reconnect all at once. The end may be
/// between any two bytes: a client discards an incomplete event and reconnects with the id of the last complete one (HTML, "Server-sent events").
/// </summary>
sealed class EventStreamDrain(OpenEventStreams streams, Random random, TimeProvider time)
{
    /// <summary>The interval at which streams opened during the drain are ended; there are few, since no client can connect any more.</summary>
    static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    /// <summary>Ends the open streams over <paramref name="spread"/>, then streams opened later, until cancelled.</summary>
    public async Task CloseAsync(TimeSpan spread, CancellationToken cancellationToken)
    {
        await DrainSchedule.CloseAsync(streams.All, stream => stream.End(), spread, random, time, cancellationToken);
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            foreach (var stream in streams.All) stream.End();
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }
}
