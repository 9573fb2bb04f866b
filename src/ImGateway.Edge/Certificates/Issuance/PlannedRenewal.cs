using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Scheduling;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>What is known of a host's renewal, and how long from now what it plans is off: the clock that dated it may have been corrected since.</summary>
sealed class PlannedRenewal(RenewalState state, Moment since)
{
    static readonly TimeSpan Unnoticed = TimeSpan.FromSeconds(1);

    readonly DueTime? _check = Planned(state.NextCheck, state.CheckedAt, RenewalWindow.LongestWait, since);
    readonly DueTime? _attempt = Planned(state.NextAttempt, state.AttemptedAt, RetrySchedule.Longest, since);

    /// <summary>As it was written down.</summary>
    public RenewalState State => state;

    /// <summary>With its instants on the wall clock as it is now.</summary>
    public RenewalState StateAt(Moment now) => state with { NextCheck = On(_check, state.NextCheck, now), NextAttempt = On(_attempt, state.NextAttempt, now) };

    /// <param name="planned">When the wait began. A clock that is before it was put back; null: a version before this one wrote it.</param>
    static DueTime? Planned(DateTimeOffset? instant, DateTimeOffset? planned, TimeSpan longest, Moment now)
    {
        if (instant is not { } at) return null;
        var own = planned is { } began && at - began < longest ? at - began : longest;
        return DueTime.At(at, own, now);
    }

    static DateTimeOffset? On(DueTime? due, DateTimeOffset? written, Moment now)
    {
        if (due is not { } known || written is not { } instant) return written;
        var on = known.On(now);
        return (on - instant).Duration() < Unnoticed ? instant : on;
    }
}
