using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Stapling;

/// <summary>
/// Staples a valid OCSP response to every served certificate that has a responder: fetched when the certificate is first served, again at half of the
/// response's validity, and stored for the next start. Runs in a separate loop, so that responders do not delay handshakes or renewals, with one task for
/// each fetch, so that a slow responder does not delay other certificates or the removal of an expired response.
/// </summary>
sealed partial class OcspStapler(
    CertificateInstaller installer,
    StoredStaples stored,
    ServerCertificateSelector selector,
    OcspStates states,
    OcspClient client,
    OcspSchedule schedule,
    TimeProvider time,
    ScheduleClock clock,
    ILogger<OcspStapler> logger) : BackgroundService
{
    /// <summary>Concurrent fetches. Each has a time-out.</summary>
    const int MaxConcurrency = 16;

    static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    readonly Dictionary<string, OcspEntry> _certificates = new(StringComparer.Ordinal);
    readonly Dictionary<OcspEntry, Task<Fetched>> _fetches = [];
    readonly SemaphoreSlim _slots = new(MaxConcurrency, MaxConcurrency);
    IReadOnlyDictionary<HostName, HostCertificate>? _followed;

    /// <summary>Runs before the listeners open, so that stored responses are stapled from the first handshake on.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!selector.Engine.CanStaple) NotAvailable();
        await FollowAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        base.Dispose();
        _slots.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                try
                {
                    await RoundAsync(stoppingToken);
                }
                catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
                {
                    // The next round may succeed.
                    RoundFailed(e);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        finally
        {
            await FetchesAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>One round of the loop. Does not wait for responders.</summary>
    internal async Task RoundAsync(CancellationToken cancellationToken)
    {
        // 1. Follow the served certificates, and drop expired responses.
        await FollowAsync(cancellationToken);
        foreach (var entry in _certificates.Values) Publish(entry);

        // 2. Apply the fetches that have completed. Only this loop changes state.
        foreach (var (entry, fetch) in _fetches.Where(entry => entry.Value.IsCompletedSuccessfully).ToList())
        {
            _fetches.Remove(entry);
            if (!_certificates.ContainsValue(entry)) continue;
            var (answer, problem) = await fetch;
            if (answer is not null) await AcceptAsync(entry, answer, cancellationToken);
            else PutOff(entry, problem);
            Publish(entry);
        }

        // 3. Start the fetches that are due.
        var now = clock.Now;
        foreach (var entry in _certificates.Values.Where(entry => entry.Target is not null && entry.Due.IsDue(now)))
        {
            if (!_fetches.ContainsKey(entry)) _fetches[entry] = FetchAsync(entry.Target!, cancellationToken);
        }
    }

    /// <summary>Completes when all fetches in progress have ended.</summary>
    internal Task FetchesAsync() => Task.WhenAll(_fetches.Values);

    /// <summary>Restores stored responses of new certificates, and drops those of certificates that are no longer served.</summary>
    internal async Task FollowAsync(CancellationToken cancellationToken)
    {
        var current = installer.Served;
        if (ReferenceEquals(current, _followed) || !selector.Engine.CanStaple) return;
        var served = current.GroupBy(entry => entry.Value.Credential.Fingerprint, StringComparer.Ordinal).ToDictionary(group => group.Key, StringComparer.Ordinal);
        foreach (var removed in _certificates.Keys.Where(fingerprint => !served.ContainsKey(fingerprint)).ToList())
        {
            _certificates.Remove(removed);
            selector.Staple(removed, response: null);
        }

        foreach (var (fingerprint, hosts) in served)
        {
            if (!_certificates.TryGetValue(fingerprint, out var entry))
            {
                _certificates[fingerprint] = entry = new OcspEntry(hosts.First().Value.Credential, time);
            }

            entry.Hosts = [.. hosts.Select(entry => entry.Key)];
            if (entry.Answer is null) await RestoreAsync(entry, cancellationToken);
            foreach (var host in entry.Hosts) states.Publish(host, fingerprint, entry.State);
            Publish(entry);
        }

        states.Retain(current);
        _followed = current;
    }

    async Task RestoreAsync(OcspEntry entry, CancellationToken cancellationToken)
    {
        if (entry.Target is not { } target) return;
        var now = clock.Now;
        List<OcspAnswer> kept = [];
        foreach (var host in entry.Hosts)
        {
            if (await stored.ReadAsync(host, cancellationToken) is { } response && target.TryRead(response, now.Wall) is { } answer) kept.Add(answer);
        }

        if (kept.MaxBy(answer => answer.ThisUpdate) is not { } newest) return;
        entry.Take(newest);
        entry.Due = DueTime.After(schedule.Refresh(newest, now.Wall), now);
    }

    async Task<Fetched> FetchAsync(OcspTarget target, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken);
        try
        {
            return new(await client.AskAsync(target, cancellationToken), "");
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Any failure concerns this certificate only.
            return new(null, e.Message);
        }
        finally
        {
            _slots.Release();
        }
    }

    async Task AcceptAsync(OcspEntry entry, OcspAnswer answer, CancellationToken cancellationToken)
    {
        entry.Failures = 0;
        // A cache may return an older response than the present one, which is then kept.
        if (entry.Answer is not { } known || answer.ThisUpdate >= known.ThisUpdate)
        {
            entry.Take(answer);
            foreach (var host in entry.Hosts) await KeepAsync(host, answer, cancellationToken);
        }

        var now = clock.Now;
        entry.Due = DueTime.After(schedule.Refresh(entry.Answer!, now.Wall), now);
    }

    async Task KeepAsync(HostName host, OcspAnswer answer, CancellationToken cancellationToken)
    {
        try
        {
            await stored.SaveAsync(host, answer.Response, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NotKept(host, e.Message);
        }
    }

    void PutOff(OcspEntry entry, string problem)
    {
        var now = clock.Now;
        entry.Due = DueTime.After(schedule.Retry(++entry.Failures), now);
        FetchFailed(Names(entry), problem, entry.Due.ToWallClock(now), entry.State is OcspState.Good ? "the response at hand goes on being stapled" : "nothing is stapled");
    }

    void Publish(OcspEntry entry)
    {
        var state = entry.State;
        if (state is OcspState.Stale && entry is { Answer: null, Failures: 0 }) return;
        selector.Staple(entry.Fingerprint, state is OcspState.Good ? entry.Answer!.Response : null);
        if (state == entry.PublishedState) return;
        entry.PublishedState = state;
        foreach (var host in entry.Hosts) states.Publish(host, entry.Fingerprint, state);
        switch (state)
        {
            case OcspState.Good:
                Stapled(Names(entry), entry.SerialNumber, entry.Answer!.NextUpdate);
                break;
            case OcspState.Revoked:
                Revoked(Names(entry), entry.SerialNumber);
                break;
            case OcspState.Stale when entry.Answer is { } answer:
                Dropped(Names(entry), entry.SerialNumber, answer.NextUpdate);
                break;
        }

        if (entry.MustStaple && state is not OcspState.Good) MustStaple(Names(entry), entry.SerialNumber, state.Label());
    }

    sealed record Fetched(OcspAnswer? Answer, string Problem);

    static string Names(OcspEntry entry) => string.Join(", ", entry.Hosts);

    [LoggerMessage(1, LogLevel.Information, "{Hosts}: OCSP response for certificate {Serial} is stapled, valid until {NextUpdate:u}")]
    partial void Stapled(string hosts, string serial, DateTimeOffset nextUpdate);

    [LoggerMessage(2, LogLevel.Error, "{Hosts}: certificate {Serial} is revoked, as its CA says by OCSP; nothing is stapled. Have a new one issued")]
    partial void Revoked(string hosts, string serial);

    [LoggerMessage(3, LogLevel.Warning, "{Hosts}: OCSP response for certificate {Serial} expired at {NextUpdate:u} and is no longer stapled")]
    partial void Dropped(string hosts, string serial, DateTimeOffset nextUpdate);

    [LoggerMessage(4, LogLevel.Warning, "{Hosts}: no OCSP response: {Why}. Next try at {Next:u}; {Meanwhile}")]
    partial void FetchFailed(string hosts, string why, DateTimeOffset next, string meanwhile);

    [LoggerMessage(5, LogLevel.Error, "{Hosts}: certificate {Serial} asks clients to refuse it without a stapled OCSP response, and there is none ({State}); let the edge reach the CA's responder, or have it issued without must-staple")]
    partial void MustStaple(string hosts, string serial, string state);

    [LoggerMessage(6, LogLevel.Warning, "{Host}: the OCSP response is not kept for the next start: {Why}; see to the space in DataDirectory and to its owner")]
    partial void NotKept(HostName host, string why);

    [LoggerMessage(7, LogLevel.Warning, "OCSP stapling is not available on this runtime: certificates are served without")]
    partial void NotAvailable();

    [LoggerMessage(8, LogLevel.Error, "A round of OCSP upkeep failed; the next is in a second")]
    partial void RoundFailed(Exception exception);
}
