using System.Collections.Concurrent;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>The renewal state of every host, kept in the store with its certificate.</summary>
sealed partial class RenewalBook(
    CertificateStore store, CertificateInstaller installer, Turn turn, CertificateMetrics metrics, CertificateConfiguration options, ScheduleClock clock, ILogger<RenewalBook> logger)
{
    readonly ConcurrentDictionary<HostName, PlannedRenewal> _planned = [];

    /// <summary>Of the certificate served now: another one begins anew, however it came in.</summary>
    public RenewalState Of(HostName host)
    {
        var credential = installer.Served.GetValueOrDefault(host)?.Credential;
        var now = clock.Now;
        var planned = _planned.GetValueOrDefault(host) ?? new PlannedRenewal(RenewalState.For(null), now);
        var state = planned.State.CertificateSha256 == credential?.Fingerprint ? planned.StateAt(now) : RenewalState.For(credential?.Fingerprint);
        return credential is not null && store.Revoked.Contains(credential) ? state with { Revoked = true } : state;
    }

    /// <summary>From what is true when its turn comes: a question to the CA, a renewal and an operator may each have something to add.</summary>
    public async Task ChangeAsync(HostName host, Func<RenewalState, RenewalState> change, CancellationToken cancellationToken)
    {
        using (await turn.TakeAsync(cancellationToken)) await SaveAsync(host, change(Of(host)), cancellationToken);
    }

    /// <summary>For who has the turn already. A disk that does not take it costs no more than that: it is true for as long as this process lives.</summary>
    public async Task SaveAsync(HostName host, RenewalState state, CancellationToken cancellationToken)
    {
        _planned[host] = new PlannedRenewal(state, clock.Now);
        Show(host, state);
        try
        {
            await store.SaveRenewalAsync(host, state, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NotSaved(host, e.Message.TrimEnd('.'));
        }
    }

    /// <summary>Another process may have written other things meanwhile.</summary>
    public async Task ReadAnewAsync(CancellationToken cancellationToken)
    {
        _planned.Clear();
        await ReadNewAsync(cancellationToken);
        ShowAnew();
    }

    /// <summary>Of one host, which another edge has a certificate stored for.</summary>
    public async Task ReadAnewAsync(HostName host, CancellationToken cancellationToken)
    {
        _planned.TryRemove(host, out _);
        await ReadNewAsync(cancellationToken);
        Show(host, Of(host));
    }

    /// <summary>Of configured hosts that nothing is known of yet: at start, after a reload, or where it could not be read before.</summary>
    public async Task ReadNewAsync(CancellationToken cancellationToken)
    {
        foreach (var host in options.Value.Hosts.Where(host => !_planned.ContainsKey(host)))
        {
            try
            {
                _planned[host] = new PlannedRenewal(await store.ReadRenewalAsync(host, cancellationToken) ?? RenewalState.For(null), clock.Now);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Not remembered: the next call may be able to read it.
            }
        }
    }

    /// <summary>At start, and after the options that decide when have changed: what was known before a restart is known after it.</summary>
    public void ShowAnew()
    {
        foreach (var host in options.Value.Hosts) Show(host, Of(host));
    }

    /// <summary>Of a host that is no longer configured nothing is kept here: the store has it.</summary>
    public void Forget(HostName host) => _planned.TryRemove(host, out _);

    void Show(HostName host, RenewalState state)
    {
        // One that was under way when its host went out of the configuration brings no series back.
        if (!options.Value.Hosts.Contains(host)) return;
        var served = installer.Served.GetValueOrDefault(host);
        var isByCa = options.Value.Certificates.Source == CertificateSource.Acme && served?.Source != ServedCredential.Files;
        metrics.ConsecutiveFailures(host, isByCa ? state.Failures : null);
        metrics.WithoutProfile(host, isByCa ? state.WithoutProfile is { } left && left == options.Value.Acme.Profile : null);
        if (!isByCa || Validity.Of(served) is not { } validity) return;
        var due = RenewalPolicy.Due(validity, state, RenewalSettings.Of(options.Value)).At;
        metrics.NextRenewal(host, state.NextAttempt is { } retry && retry > due ? retry : due);
    }

    [LoggerMessage(1, LogLevel.Warning, "{Host}: when it is renewed cannot be saved: {Why}; a restart would begin anew; see to the space in DataDirectory and to its owner")]
    partial void NotSaved(HostName host, string why);
}
