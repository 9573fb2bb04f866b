using ImGateway.Acme;
using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// The certificate flow. Before listening: what the store holds, then what the files or the development CA have that is newer.
/// Then, in one loop that ends only by cancellation: changed files, renewals, alerts, fresh contexts; between its rounds imports and
/// rollbacks, and beside them orders at the CA. Every change goes through <see cref="CertificateInstaller"/>.
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

    readonly AcmeRenewals _renewals;
    readonly Revocations _revocations;
    readonly RenewalBook _book;
    readonly CertificateAuthority _authority;
    readonly ChangeProgram _onChange;
    readonly Turn _turn = new();

    bool _loaded;
    DateTimeOffset _nextAlerts;
    DateTimeOffset _nextRenewals;

    public CertificateManager(
        EdgeOptions options,
        ServerCertificateSelector selector,
        SelfProbe probe,
        CertificateMetrics metrics,
        TimeProvider time,
        ILogger<CertificateManager> logger,
        IServiceProvider services)
        : this(
            options, selector, probe.ProbeAsync, metrics, time, logger,
            services.GetRequiredService<CertificateAuthority>(),
            services.GetRequiredService<IssuanceBudget>(),
            services.GetRequiredService<CertificateAudit>(),
            services.GetRequiredService<Random>())
    {
    }

    /// <param name="authority">Null: there is no CA, and whoever asks it is told so.</param>
    /// <param name="budget">Null: in DataDirectory, unshown.</param>
    /// <param name="audit">Null: in DataDirectory, and logged with everything else.</param>
    /// <param name="random">Null: as ever.</param>
    internal CertificateManager(
        EdgeOptions options,
        ServerCertificateSelector selector,
        CertificateProbe probe,
        CertificateMetrics metrics,
        TimeProvider time,
        ILogger<CertificateManager> logger,
        CertificateAuthority? authority = null,
        IssuanceBudget? budget = null,
        CertificateAudit? audit = null,
        Random? random = null)
    {
        (_options, _metrics, _time, _logger) = (options, metrics, time, logger);
        _store = new CertificateStore(options, time, logger);
        audit ??= new CertificateAudit(new AuditLog(AuditLog.PathIn(options), logger), options, time);
        budget ??= new IssuanceBudget(AcmePaths.Limits(options), time);
        var chance = new Chance(random ?? CertificatesRegistration.NewRandom());
        _authority = authority ?? CertificateAuthority.None;
        _installer = new CertificateInstaller(options, _store, selector, probe, metrics, audit, time, logger);
        _files = new FilesSource(options, new CertificateFileReader(options.Hosts, time), time);
        _selfSigned = new SelfSignedSource(options, time);
        _start = new CertificateStart(options, _store, _files, _selfSigned, _installer, metrics, logger);
        _alerts = new ExpiryAlerts(options.Certificates.MaxAge, time, logger);
        _onChange = new ChangeProgram(options, new HookProgram(time), logger);
        _book = new RenewalBook(_store, _installer, _turn, metrics, RenewalSettings.Of(options), logger);
        var run = new RenewalRun(_authority, _store, _installer, _book, budget, _turn, metrics, audit, IsFromFile, time, chance, logger);
        _renewals = new AcmeRenewals(options, _authority, _installer, _book, run, time, chance, logger);
        _revocations = new Revocations(_authority, _installer, _book, _renewals, audit);
    }

    /// <summary>What is served and where it came from; replaced as a whole.</summary>
    public IReadOnlyDictionary<HostName, ServedCredential> Current => _installer.Served;

    /// <summary>Of each configured host that has one, in the configuration's order.</summary>
    public IReadOnlyList<ManagedCertificate> Certificates =>
        ManagedCertificates.Of(_installer.Served, (host, _) => _book.Of(host), _options, _time);

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
        return ChangeAsync(
            $"import by {who}", new ChangeCause("manual", who), () => ManualChange.Import(contents, who, _options, _time, _installer.Served), cancellationToken);
    }

    /// <summary>Swaps the previous certificate back in, if it is still valid; what is served now becomes the previous one.</summary>
    /// <param name="name">Of a configured host or of its managed certificate.</param>
    public Task<InstallResult> RollbackAsync(string name, CancellationToken cancellationToken) => RollbackAsync(name, "operator", cancellationToken);

    /// <param name="name">Of a configured host or of its managed certificate.</param>
    /// <param name="who">For the audit log.</param>
    public Task<InstallResult> RollbackAsync(string name, string who, CancellationToken cancellationToken) =>
        ChangeAsync("rollback", new ChangeCause("manual", who) { IsRollback = true }, () => ManualChange.Rollback(name, _options, _store, _installer.Served), cancellationToken);

    /// <summary>Renews at the CA, or by the development CA, and serves what comes of it.</summary>
    /// <param name="force">Also what is not due.</param>
    /// <param name="staging">A dry run at the CA's staging directory: nothing of it is kept.</param>
    /// <param name="who">For the audit log.</param>
    /// <param name="progress">Told each step as it happens.</param>
    public async Task<RenewResult> RenewAsync(HostName host, bool force, bool staging, string who, IProgress<string> progress, CancellationToken cancellationToken)
    {
        if (await RefusalAsync(host, cancellationToken) is { } refusal) return refusal;
        if (_selfSigned.IsAllowed) return await RenewSelfSignedAsync(host, force, staging, who, cancellationToken);
        return staging
            ? await DryRunAsync(host, progress, cancellationToken)
            : await _renewals.RenewAsync(host, force, who, RenewalReasons.Manual, progress, cancellationToken);
    }

    /// <summary>Revokes what is served at the CA and replaces it by one with a new key.</summary>
    /// <param name="who">For the audit log.</param>
    /// <param name="progress">Told each step as it happens.</param>
    public async Task<RenewResult> RevokeAsync(HostName host, RevocationReason reason, string who, IProgress<string> progress, CancellationToken cancellationToken)
    {
        if (await RefusalAsync(host, cancellationToken) is { } refusal) return refusal;
        if (_selfSigned.IsAllowed) return Refused(host, "a development certificate cannot be revoked; remove DataDirectory/development-ca and trust the new CA instead");
        return await _revocations.RevokeAsync(host, reason, who, progress, cancellationToken);
    }

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
        _renewals.Dispose();
        _store.Dispose();
        _turn.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await _files.WaitAsync(stoppingToken);
                try
                {
                    await LookAsync(stoppingToken);
                }
                catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
                {
                    // Whatever one round meets, the next may not: certificates are renewed for as long as the process lives.
                    RoundFailed(e);
                }
            }
        }
        finally
        {
            await _renewals.EndedAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>One round of the loop.</summary>
    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        using (await _turn.TakeAsync(cancellationToken))
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
            // Only starts them. One process orders: two would order everything twice.
            if (_options.Certificates.Source == CertificateSource.Acme && _store.IsOurs) _renewals.Look(HostsOfCa(), cancellationToken);
        }

        await TellAsync(cancellationToken);
    }

    /// <summary>After the turn, so that nothing waits for a slow program but the next look.</summary>
    async Task TellAsync(CancellationToken cancellationToken)
    {
        HashSet<HostName> changed = [];
        while (_installer.Changed.TryDequeue(out var host)) changed.Add(host);
        if (_store.IsOurs) await _onChange.RunAsync(changed, _store.CurrentPath, cancellationToken);
    }

    /// <summary>Ends when every renewal has that the rounds so far have started.</summary>
    internal Task RenewalsAsync() => _renewals.EndedAsync();

    IEnumerable<HostName> HostsOfCa()
    {
        var fromFiles = _files.Choose();
        return _options.Hosts.Where(host => !fromFiles.ContainsKey(host));
    }

    /// <summary>Asked by whoever has the turn.</summary>
    bool IsFromFile(HostName host) => _files.Choose().ContainsKey(host);

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
        if (await _installer.InstallAsync(FilesSource.News(chosen, _installer.Served), ChangeCause.ByFile(file.Certificate), cancellationToken) is { } failure)
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
            if (_selfSigned.Due(old, now) is not { } reason || await IssueAsync(host, old, ChangeCause.ByLoop(reason), cancellationToken) is not { } failure) continue;
            RenewalFailed(host, failure, old.Credential.SerialNumber, old.Credential.NotAfter);
        }
    }

    /// <returns>Null, or why it failed.</returns>
    async Task<string?> IssueAsync(HostName host, ServedCredential? old, ChangeCause cause, CancellationToken cancellationToken)
    {
        string? failure;
        try
        {
            var issued = new Dictionary<HostName, ServedCredential> { [host] = _selfSigned.Issue(host) with { FileHash = old?.FileHash } };
            failure = (await _installer.InstallAsync(issued, cause, cancellationToken))?.Why;
        }
        catch (CertificateLoadException e)
        {
            failure = e.Message;
        }

        if (failure is not null) _metrics.RenewalFailed(host, cause.Reason);
        return failure;
    }

    async Task<RenewResult> RenewSelfSignedAsync(HostName host, bool force, bool staging, string who, CancellationToken cancellationToken)
    {
        if (staging) return Refused(host, "its certificate is issued here, and no CA has a staging directory for it; leave out --staging");
        using (await _turn.TakeAsync(cancellationToken))
        {
            var old = _installer.Served.GetValueOrDefault(host);
            if (!force && old is not null && _selfSigned.Due(old, _time.GetUtcNow()) is null)
                return new(host, Succeeded: true, $"{host}: is not due; --force renews it now", old.Credential.SerialNumber);
            return await IssueAsync(host, old, new ChangeCause(RenewalReasons.Manual, who), cancellationToken) is { } failure
                ? Refused(host, failure)
                : new(host, Succeeded: true, $"{host}: issued anew", _installer.Served[host].Credential.SerialNumber);
        }
    }

    async Task<RenewResult> DryRunAsync(HostName host, IProgress<string> progress, CancellationToken cancellationToken)
    {
        try
        {
            var request = new IssueRequest(host, Current: null, _store.PendingOrder(host), _ => { }, () => { }) { Staging = true };
            var issued = await _authority.Issue(request, new RenewalProgress(host, progress, _logger), cancellationToken);
            using var leaf = issued.Credential.Leaf;
            return new(host, Succeeded: true, $"{host}: the staging directory issued a certificate; nothing of it is kept", leaf.SerialNumber);
        }
        catch (IssuanceException e)
        {
            return Refused(host, OneLine.From(e.Message));
        }
    }

    /// <summary>Why no CA is asked for the host.</summary>
    async Task<RenewResult?> RefusalAsync(HostName host, CancellationToken cancellationToken)
    {
        using (await _turn.TakeAsync(cancellationToken))
        {
            if (!_options.Hosts.Contains(host)) return Refused(host, $"is none of the configured hosts ({string.Join(", ", _options.Hosts)}); name one of them");
            if (_files.Choose().TryGetValue(host, out var file)) return Refused(host, $"is served from {file.Origin}; replace that file, or remove it from Certificates:Files");
            if (_options.Certificates.Source == CertificateSource.Files) return Refused(host, "Certificates:Source is Files, so nothing is issued for it; replace its file");
            return _store.TryLock() ? null : Refused(host, _store.Held);
        }
    }

    RenewResult Refused(HostName host, string why) =>
        new(host, Succeeded: false, $"{host}: {why}", _installer.Served.GetValueOrDefault(host)?.Credential.SerialNumber);

    /// <summary>What an operator asked for.</summary>
    async Task<InstallResult> ChangeAsync(string what, ChangeCause cause, Func<ManualChange> prepare, CancellationToken cancellationToken)
    {
        using (await _turn.TakeAsync(cancellationToken))
        {
            if (!_store.TryLock()) return InstallResult.Failed(_store.Held);
            var before = _installer.Served;
            var change = prepare();
            if (change.Problems.Count == 0 && await _installer.InstallAsync(change.Changes, cause, cancellationToken) is { } failure)
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
