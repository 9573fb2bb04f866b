using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// The certificate flow. Before listening: what the store holds, then what the files or the development CA have that is newer.
/// Then, in one loop that ends only by cancellation: changed files, renewals, alerts, fresh contexts; between its rounds imports and
/// rollbacks. Every change goes through <see cref="CertificateInstaller"/>.
/// </summary>
public sealed partial class CertificateManager : BackgroundService
{
    static readonly TimeSpan AlertInterval = TimeSpan.FromHours(1);
    static readonly TimeSpan RenewalRetry = TimeSpan.FromMinutes(10);

    readonly EdgeOptions _options;
    readonly CertificateMetrics _metrics;
    readonly TimeProvider _time;
    readonly ILogger<CertificateManager> _logger;
    readonly CertificateStore _store;
    readonly CertificateInstaller _installer;
    readonly CertificateStart _start;
    readonly FilesSource _files;
    readonly SelfSignedSource _selfSigned;
    readonly ExpiryAlerts _alerts;

    /// <summary>Whoever has it may change certificates.</summary>
    readonly SemaphoreSlim _turn = new(1, 1);

    bool _loaded;
    DateTimeOffset _nextAlerts;
    DateTimeOffset _nextRenewals;

    public CertificateManager(
        EdgeOptions options,
        ServerCertificateSelector selector,
        SelfProbe probe,
        CertificateMetrics metrics,
        TimeProvider time,
        ILogger<CertificateManager> logger)
        : this(options, selector, probe.ProbeAsync, metrics, time, logger)
    {
    }

    internal CertificateManager(
        EdgeOptions options,
        ServerCertificateSelector selector,
        CertificateProbe probe,
        CertificateMetrics metrics,
        TimeProvider time,
        ILogger<CertificateManager> logger)
    {
        (_options, _metrics, _time, _logger) = (options, metrics, time, logger);
        _store = new CertificateStore(options, time, logger);
        _installer = new CertificateInstaller(options, _store, selector, probe, metrics, time, logger);
        _files = new FilesSource(options, new CertificateFileReader(options.Hosts, time), time);
        _selfSigned = new SelfSignedSource(options, time);
        _start = new CertificateStart(options, _store, _files, _selfSigned, _installer, metrics, logger);
        _alerts = new ExpiryAlerts(options.Certificates.MaxAge, time, logger);
    }

    /// <summary>What is served and where it came from; replaced as a whole.</summary>
    public IReadOnlyDictionary<HostName, ServedCredential> Current => _installer.Served;

    /// <summary>Of each configured host that has one, in the configuration's order.</summary>
    public IReadOnlyList<ManagedCertificate> Certificates => ManagedCertificates.Of(_installer.Served, _options, _time);

    /// <summary>Everything that must be there before the first connection. Called once; starting calls it where nobody did.</summary>
    /// <exception cref="CertificateLoadException">Some host would have no certificate, or a file has problems: all of them.</exception>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        await Task.Run(() => _start.LoadAsync(cancellationToken), cancellationToken);
        _nextAlerts = _time.GetUtcNow();
        _loaded = true;
    }

    /// <summary>Checks a certificate as a file is checked and swaps it in for every configured host it covers, for all or for none.</summary>
    /// <param name="password">Of an encrypted key.</param>
    /// <param name="who">For the log and as the certificate's origin.</param>
    public Task<InstallResult> ImportAsync(
        string certificatePem, string keyPem, string? chainPem, string? password, string who, CancellationToken cancellationToken)
    {
        var contents = FileContents.Of(certificatePem, keyPem, chainPem, password is null ? null : new Secret(password));
        return ChangeAsync($"import by {who}", () => ManualChange.Import(contents, who, _options, _time, _installer.Served), cancellationToken);
    }

    /// <summary>Swaps the previous certificate back in, if it is still valid; what is served now becomes the previous one.</summary>
    /// <param name="name">Of a configured host or of its managed certificate.</param>
    public Task<InstallResult> RollbackAsync(string name, CancellationToken cancellationToken) =>
        ChangeAsync("rollback", () => ManualChange.Rollback(name, _options, _store, _installer.Served), cancellationToken);

    /// <summary>The OCSP response kept for a host; it may be about another certificate.</summary>
    internal byte[]? ReadStaple(HostName host) => _store.ReadStaple(host);

    /// <summary>For the next start. Where another process writes the store, nothing is kept.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    /// <exception cref="UnauthorizedAccessException">The store may not be written to.</exception>
    internal void SaveStaple(HostName host, ReadOnlySpan<byte> response) => _store.SaveStaple(host, response);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!_loaded) await LoadAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        base.Dispose();
        _files.Dispose();
        _store.Dispose();
        _turn.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await _files.WaitAsync(stoppingToken);
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // Whatever one round meets, the next may not: certificates are renewed for as long as the process lives.
                RoundFailed(e);
            }
        }
    }

    /// <summary>One round of the loop.</summary>
    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            // The edge that this one replaces has gone: what it stored last counts.
            if (!_store.IsOurs && _store.TryLock()) await _start.SettleAsync([], cancellationToken);
            foreach (var change in _files.Changes())
            {
                if (await ReplaceAsync(change, cancellationToken)) _files.Handled(change);
            }

            var now = _time.GetUtcNow();
            if (_selfSigned.IsAllowed && now >= _nextRenewals) await RenewAsync(now, cancellationToken);
            if (now >= _nextAlerts)
            {
                _nextAlerts = now + AlertInterval;
                _alerts.Check(_installer.Served);
            }

            _installer.RenewContexts();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <returns>Whether this content needs no further attempt.</returns>
    async Task<bool> ReplaceAsync(ChangedFile change, CancellationToken cancellationToken)
    {
        // 1. Read and check.
        var file = change.Contents.File;
        var reading = _files.Read(change);
        if (reading.Credential is null) return change.Final && Refuse(reading, string.Join(" · ", reading.Problems));

        // 2. No host may lose its certificate by it.
        var offer = FilesSource.Offer(reading, change.Contents);
        var chosen = _files.ChooseWith(file, offer);
        var lost = _installer.Served.Where(entry => entry.Value.Source == ServedCredential.Files && entry.Value.Origin == file.Certificate)
            .Select(entry => entry.Key).Where(host => !chosen.ContainsKey(host)).ToList();
        if (lost.Count > 0)
        {
            return change.Final
                && Refuse(reading, $"{file.Certificate}: no longer covers {string.Join(", ", lost)}; have it issued for all names it had");
        }

        // 3. Install. A file that is still being written gets its chance to be completed, a full disk to be emptied.
        if (await _installer.InstallAsync(FilesSource.News(chosen, _installer.Served), "file", cancellationToken) is { } failure)
        {
            if (!change.Final) return false;
            Refuse(reading, $"{file.Certificate}: {failure.Why}");
            if (failure.IsStorage) _files.PutOff(file);
            return !failure.IsStorage;
        }

        _files.Accept(file, offer);
        foreach (var warning in reading.Warnings) FileWarning(warning);
        return true;
    }

    /// <summary>What the edge issued itself and whose time has come.</summary>
    async Task RenewAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        _nextRenewals = now + RenewalRetry;
        var fromFiles = _files.Choose();
        foreach (var (host, old) in _installer.Served.Where(entry => !fromFiles.ContainsKey(entry.Key)))
        {
            if (_selfSigned.Due(old, now) is not { } reason) continue;
            string? failure;
            try
            {
                var issued = new Dictionary<HostName, ServedCredential> { [host] = _selfSigned.Issue(host) with { FileHash = old.FileHash } };
                failure = (await _installer.InstallAsync(issued, reason, cancellationToken))?.Why;
            }
            catch (CertificateLoadException e)
            {
                failure = e.Message;
            }

            if (failure is null) continue;
            _metrics.RenewalFailed(host, reason);
            RenewalFailed(host, failure, old.Credential.SerialNumber, old.Credential.NotAfter);
        }
    }

    /// <summary>What an operator asked for.</summary>
    async Task<InstallResult> ChangeAsync(string what, Func<ManualChange> prepare, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (!_store.TryLock()) return InstallResult.Failed(_store.Held);
            var before = _installer.Served;
            var change = prepare();
            if (change.Problems.Count == 0 && await _installer.InstallAsync(change.Changes, "manual", cancellationToken) is { } failure)
            {
                foreach (var host in change.Changes.Keys) _metrics.RenewalFailed(host, "manual");
                change = change with { Problems = [$"{string.Join(", ", change.Changes.Keys)}: {failure.Why}; what was served before still is"] };
            }

            if (change.Problems.Count == 0)
            {
                Changed(what, string.Join(", ", change.Changes.Keys));
                return change.Result(before);
            }

            ChangeRefused(what, string.Join(" · ", change.Problems));
            return InstallResult.Failed(change.Problems) with { Warnings = change.Warnings };
        }
        finally
        {
            _turn.Release();
        }
    }

    bool Refuse(CertificateReading reading, string why)
    {
        var hosts = _files.HostsOf(reading.File, reading.Names, _installer.Served);
        foreach (var host in hosts) _metrics.LoadFailed(host);
        if (_installer.Served.GetValueOrDefault(hosts[0])?.Credential is { } served)
        {
            FileRefused(reading.File.Certificate, why, string.Join(", ", hosts), served.SerialNumber, served.NotAfter);
        }

        return true;
    }

    [LoggerMessage(3, LogLevel.Error, "{File}: the changed certificate is not put to use: {Why}. {Hosts} goes on with certificate {Serial}, valid until {NotAfter:u}")]
    partial void FileRefused(string file, string why, string hosts, string serial, DateTimeOffset notAfter);

    [LoggerMessage(4, LogLevel.Warning, "{Warning}")]
    partial void FileWarning(CertificateProblem warning);

    [LoggerMessage(5, LogLevel.Error, "{Host}: renewal failed: {Why}. It goes on with certificate {Serial}, valid until {NotAfter:u}")]
    partial void RenewalFailed(HostName host, string why, string serial, DateTimeOffset notAfter);

    [LoggerMessage(6, LogLevel.Error, "A round of certificate upkeep failed; the next is in a second")]
    partial void RoundFailed(Exception exception);

    [LoggerMessage(7, LogLevel.Information, "{What}: done for {Hosts}")]
    partial void Changed(string what, string hosts);

    [LoggerMessage(8, LogLevel.Warning, "{What} refused: {Why}")]
    partial void ChangeRefused(string what, string why);
}
