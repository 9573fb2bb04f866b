using System.Collections.Concurrent;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>The renewal state of every host, stored with its certificate.</summary>
sealed partial class RenewalStates(
    StoredRenewals stored,
    RevokedCertificates revoked,
    CertificateInstaller installer,
    AsyncLock certificateLock,
    CertificateMetrics metrics,
    CurrentCertificateOptions options,
    ScheduleClock clock,
    ILogger<RenewalStates> logger)
{
    readonly ConcurrentDictionary<HostName, PlannedRenewal> _planned = [];

    /// <summary>The renewal state of the served certificate. A certificate from another source begins with an empty state.</summary>
    public RenewalState Of(HostName host)
    {
        var credential = installer.Served.GetValueOrDefault(host)?.Credential;
        var now = clock.Now;
        var planned = _planned.GetValueOrDefault(host) ?? new PlannedRenewal(RenewalState.For(null), now);
        var state = planned.State.CertificateSha256 == credential?.Fingerprint ? planned.StateAt(now) : RenewalState.For(credential?.Fingerprint);
        return credential is not null && revoked.Contains(credential) ? state with { Revoked = true } : state;
    }

    /// <summary>Changes the state under the lock, because ARI requests, renewals and operators change it concurrently.</summary>
    public async Task ChangeAsync(HostName host, Func<RenewalState, RenewalState> change, CancellationToken cancellationToken)
    {
        using (await certificateLock.AcquireAsync(cancellationToken)) await SaveAsync(host, change(Of(host)), cancellationToken);
    }

    /// <summary>The caller holds the lock. If the state cannot be stored, it still applies until this process ends.</summary>
    public async Task SaveAsync(HostName host, RenewalState state, CancellationToken cancellationToken)
    {
        _planned[host] = new PlannedRenewal(state, clock.Now);
        UpdateMetrics(host, state);
        try
        {
            await stored.SaveAsync(host, state, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NotSaved(host, e.Message.TrimEnd('.'));
        }
    }

    /// <summary>Reads all states again, after another process may have written them.</summary>
    public async Task RereadAsync(CancellationToken cancellationToken)
    {
        _planned.Clear();
        await ReadMissingAsync(cancellationToken);
        RefreshMetrics();
    }

    /// <summary>Reads the state of one host again, for which another edge has stored a certificate.</summary>
    public async Task RereadAsync(HostName host, CancellationToken cancellationToken)
    {
        _planned.TryRemove(host, out _);
        await ReadMissingAsync(cancellationToken);
        UpdateMetrics(host, Of(host));
    }

    /// <summary>Reads the states of hosts that have none in memory: at start, after a reload, or after a failure to read.</summary>
    public async Task ReadMissingAsync(CancellationToken cancellationToken)
    {
        foreach (var host in options.Value.Hosts.Where(host => !_planned.ContainsKey(host)))
        {
            try
            {
                _planned[host] = new PlannedRenewal(await stored.ReadAsync(host, cancellationToken) ?? RenewalState.For(null), clock.Now);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The next call tries again.
            }
        }
    }

    /// <summary>Updates all metrics, at start and after the options have changed.</summary>
    public void RefreshMetrics()
    {
        foreach (var host in options.Value.Hosts) UpdateMetricsOfConfigured(host, Of(host));
    }

    /// <summary>Removes a host that is no longer configured. Its state stays in the store.</summary>
    public void Forget(HostName host) => _planned.TryRemove(host, out _);

    void UpdateMetrics(HostName host, RenewalState state)
    {
        // A renewal in progress must not create series again for a host that was removed.
        if (options.Value.Hosts.Contains(host)) UpdateMetricsOfConfigured(host, state);
    }

    void UpdateMetricsOfConfigured(HostName host, RenewalState state)
    {
        var served = installer.Served.GetValueOrDefault(host);
        var isByCa = options.Value.Certificates.Source == CertificateSource.Acme && served?.Source != HostCertificate.Files;
        metrics.ConsecutiveFailures(host, isByCa ? state.Failures : null);
        metrics.WithoutProfile(host, isByCa ? state.WithoutProfile is { } left && left == options.Value.Acme.Profile : null);
        if (!isByCa || Validity.Of(served) is not { } validity) return;
        var due = RenewalPolicy.Due(validity, state, RenewalSettings.Of(options.Value)).At;
        metrics.NextRenewal(host, state.NextAttempt is { } retry && retry > due ? retry : due);
    }

    [LoggerMessage(1, LogLevel.Warning, "{Host}: when it is renewed cannot be saved: {Why}; a restart would begin anew; see to the space in DataDirectory and to its owner")]
    partial void NotSaved(HostName host, string why);
}

/// <summary>The renewal state of a host, with its planned times also as durations: the wall clock may be corrected after they were stored.</summary>
sealed class PlannedRenewal(RenewalState state, ClockReading since)
{
    static readonly TimeSpan Unnoticed = TimeSpan.FromSeconds(1);

    readonly DueTime? _check = Planned(state.NextCheck, state.CheckedAt, RenewalWindow.LongestWait, since);
    readonly DueTime? _attempt = Planned(state.NextAttempt, state.AttemptedAt, RetrySchedule.Longest, since);

    /// <summary>The state as stored.</summary>
    public RenewalState State => state;

    /// <summary>The state with its times on the present wall clock.</summary>
    public RenewalState StateAt(ClockReading now) => state with { NextCheck = On(_check, state.NextCheck, now), NextAttempt = On(_attempt, state.NextAttempt, now) };

    /// <param name="planned">When the wait began. If the clock is before that, it was set back. Null if an earlier version stored the state.</param>
    static DueTime? Planned(DateTimeOffset? instant, DateTimeOffset? planned, TimeSpan longest, ClockReading now)
    {
        if (instant is not { } at) return null;
        var own = planned is { } began && at - began < longest ? at - began : longest;
        return DueTime.At(at, own, now);
    }

    static DateTimeOffset? On(DueTime? due, DateTimeOffset? written, ClockReading now)
    {
        if (due is not { } known || written is not { } instant) return written;
        var on = known.ToWallClock(now);
        return (on - instant).Duration() < Unnoticed ? instant : on;
    }
}
