using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Scheduling;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>The renewal state of a host, with its planned times also as durations: the wall clock may be corrected after they were stored.</summary>
sealed class PlannedRenewal(RenewalState state, Moment since)
{
    static readonly TimeSpan Unnoticed = TimeSpan.FromSeconds(1);

    readonly DueTime? _check = Planned(state.NextCheck, state.CheckedAt, RenewalWindow.LongestWait, since);
    readonly DueTime? _attempt = Planned(state.NextAttempt, state.AttemptedAt, RetrySchedule.Longest, since);

    /// <summary>The state as stored.</summary>
    public RenewalState State => state;

    /// <summary>The state with its times on the present wall clock.</summary>
    public RenewalState StateAt(Moment now) => state with { NextCheck = On(_check, state.NextCheck, now), NextAttempt = On(_attempt, state.NextAttempt, now) };

    /// <param name="planned">When the wait began. If the clock is before that, it was set back. Null if an earlier version stored the state.</param>
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
