using ImGateway.Edge.WebSockets;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// Ends the streams of events in a drain, as it ends WebSockets: each at a moment of its own, so that clients do not come back all at once. It may be
/// between any two bytes: a client drops an event without its end, and comes back with the id of the last whole one (HTML, "Server-sent events").
/// </summary>
sealed class EventStreamDrain(OpenEventStreams streams, Random random, TimeProvider time)
{
    /// <summary>Few streams are opened once no client can connect any more.</summary>
    static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    /// <summary>Ends what is open over <paramref name="spread"/>, then what has been opened since, until cancelled.</summary>
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
