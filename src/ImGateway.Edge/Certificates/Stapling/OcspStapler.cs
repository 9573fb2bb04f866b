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
    const int MaxAtOnce = 16;

    static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    readonly Dictionary<string, StapledCertificate> _certificates = new(StringComparer.Ordinal);
    readonly Dictionary<StapledCertificate, Task<Fetched>> _fetches = [];
    readonly SemaphoreSlim _places = new(MaxAtOnce, MaxAtOnce);
    IReadOnlyDictionary<HostName, ServedCredential>? _followed;

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
        _places.Dispose();
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
                catch (Exception e) when (e is not OperationCanceledException)
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
        foreach (var certificate in _certificates.Values) Show(certificate);

        // 2. Apply the fetches that have completed. Only this loop changes state.
        foreach (var (certificate, fetch) in _fetches.Where(entry => entry.Value.IsCompletedSuccessfully).ToList())
        {
            _fetches.Remove(certificate);
            if (!_certificates.ContainsValue(certificate)) continue;
            var (answer, problem) = await fetch;
            if (answer is not null) await AcceptAsync(certificate, answer, cancellationToken);
            else PutOff(certificate, problem);
            Show(certificate);
        }

        // 3. Start the fetches that are due.
        var now = clock.Now;
        foreach (var certificate in _certificates.Values.Where(certificate => certificate.Target is not null && certificate.Due.IsDue(now)))
        {
            if (!_fetches.ContainsKey(certificate)) _fetches[certificate] = FetchAsync(certificate.Target!, cancellationToken);
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
        foreach (var gone in _certificates.Keys.Where(fingerprint => !served.ContainsKey(fingerprint)).ToList())
        {
            _certificates.Remove(gone);
            selector.Staple(gone, response: null);
        }

        foreach (var (fingerprint, hosts) in served)
        {
            if (!_certificates.TryGetValue(fingerprint, out var certificate))
            {
                _certificates[fingerprint] = certificate = new StapledCertificate(hosts.First().Value.Credential, time);
            }

            certificate.Hosts = [.. hosts.Select(entry => entry.Key)];
            if (certificate.Answer is null) await RestoreAsync(certificate, cancellationToken);
            foreach (var host in certificate.Hosts) states.Show(host, fingerprint, certificate.State);
            Show(certificate);
        }

        states.Retain(current);
        _followed = current;
    }

    async Task RestoreAsync(StapledCertificate certificate, CancellationToken cancellationToken)
    {
        if (certificate.Target is not { } target) return;
        var now = clock.Now;
        List<OcspAnswer> kept = [];
        foreach (var host in certificate.Hosts)
        {
            if (await stored.ReadAsync(host, cancellationToken) is { } response && target.TryRead(response, now.Wall) is { } answer) kept.Add(answer);
        }

        if (kept.MaxBy(answer => answer.ThisUpdate) is not { } newest) return;
        certificate.Take(newest);
        certificate.Due = DueTime.After(schedule.Refresh(newest, now.Wall), now);
    }

    async Task<Fetched> FetchAsync(OcspTarget target, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
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
            _places.Release();
        }
    }

    async Task AcceptAsync(StapledCertificate certificate, OcspAnswer answer, CancellationToken cancellationToken)
    {
        certificate.Failures = 0;
        // A cache may return an older response than the present one, which is then kept.
        if (certificate.Answer is not { } known || answer.ThisUpdate >= known.ThisUpdate)
        {
            certificate.Take(answer);
            foreach (var host in certificate.Hosts) await KeepAsync(host, answer, cancellationToken);
        }

        var now = clock.Now;
        certificate.Due = DueTime.After(schedule.Refresh(certificate.Answer!, now.Wall), now);
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

    void PutOff(StapledCertificate certificate, string problem)
    {
        var now = clock.Now;
        certificate.Due = DueTime.After(schedule.Retry(++certificate.Failures), now);
        FetchFailed(Names(certificate), problem, certificate.Due.On(now), certificate.State is OcspState.Good ? "the response at hand goes on being stapled" : "nothing is stapled");
    }

    void Show(StapledCertificate certificate)
    {
        var state = certificate.State;
        if (state is OcspState.Stale && certificate is { Answer: null, Failures: 0 }) return;
        selector.Staple(certificate.Fingerprint, state is OcspState.Good ? certificate.Answer!.Response : null);
        if (state == certificate.Shown) return;
        certificate.Shown = state;
        foreach (var host in certificate.Hosts) states.Show(host, certificate.Fingerprint, state);
        switch (state)
        {
            case OcspState.Good:
                Stapled(Names(certificate), certificate.SerialNumber, certificate.Answer!.NextUpdate);
                break;
            case OcspState.Revoked:
                Revoked(Names(certificate), certificate.SerialNumber);
                break;
            case OcspState.Stale when certificate.Answer is { } answer:
                Dropped(Names(certificate), certificate.SerialNumber, answer.NextUpdate);
                break;
        }

        if (certificate.MustStaple && state is not OcspState.Good) MustStaple(Names(certificate), certificate.SerialNumber, state.Label());
    }

    sealed record Fetched(OcspAnswer? Answer, string Problem);

    static string Names(StapledCertificate certificate) => string.Join(", ", certificate.Hosts);

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
