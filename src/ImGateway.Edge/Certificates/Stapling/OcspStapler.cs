using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Stapling;

/// <summary>
/// Keeps a valid OCSP response at every served certificate that can have one: fetched as soon as the certificate is served, again at half of its
/// life, kept in the store for the next start. A loop of its own, so that no responder is in the way of a handshake or of a renewal; a task for
/// each certificate that is due, so that none delays another one, or the end of a response that has expired.
/// </summary>
sealed partial class OcspStapler(
    CertificateInstaller installer,
    CertificateStore store,
    ServerCertificateSelector selector,
    OcspStates states,
    OcspClient client,
    OcspSchedule schedule,
    TimeProvider time,
    ScheduleClock clock,
    ILogger<OcspStapler> logger) : BackgroundService
{
    /// <summary>Each waits for its responders for a bounded time. So many that hang delay nobody else.</summary>
    const int MaxAtOnce = 16;

    static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    readonly Dictionary<string, StapledCertificate> _certificates = new(StringComparer.Ordinal);
    readonly Dictionary<StapledCertificate, Task<Fetched>> _fetches = [];
    readonly SemaphoreSlim _places = new(MaxAtOnce, MaxAtOnce);
    IReadOnlyDictionary<HostName, ServedCredential>? _followed;

    /// <summary>Before the listeners: what the store has kept is stapled from the first handshake on.</summary>
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
                    // Whatever one round meets, the next may not.
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

    /// <summary>Waits for no responder.</summary>
    internal async Task RoundAsync(CancellationToken cancellationToken)
    {
        // 1. What is served now, and what is no longer valid.
        await FollowAsync(cancellationToken);
        foreach (var certificate in _certificates.Values) Show(certificate);

        // 2. What has been fetched since the last round: only this loop changes anything.
        foreach (var (certificate, fetch) in _fetches.Where(entry => entry.Value.IsCompletedSuccessfully).ToList())
        {
            _fetches.Remove(certificate);
            if (!_certificates.ContainsValue(certificate)) continue;
            var (answer, problem) = await fetch;
            if (answer is not null) await AcceptAsync(certificate, answer, cancellationToken);
            else PutOff(certificate, problem);
            Show(certificate);
        }

        // 3. What is due, each on its own.
        var now = clock.Now;
        foreach (var certificate in _certificates.Values.Where(certificate => certificate.Target is not null && certificate.Due.IsDue(now)))
        {
            if (!_fetches.ContainsKey(certificate)) _fetches[certificate] = FetchAsync(certificate.Target!, cancellationToken);
        }
    }

    /// <summary>Ends when every responder has answered, or had its time, that the rounds so far have asked.</summary>
    internal Task FetchesAsync() => Task.WhenAll(_fetches.Values);

    /// <summary>Of certificates that are new here, what the store has kept; of those that are gone, nothing.</summary>
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
            if (await store.ReadStapleAsync(host, cancellationToken) is { } response && target.TryRead(response, now.Wall) is { } answer) kept.Add(answer);
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
            // Whatever a responder brings about is a failure of this one certificate's.
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
        // Caches are not of one age: an older answer takes nothing back that a newer one said.
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
            await store.SaveStapleAsync(host, answer.Response, cancellationToken);
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
