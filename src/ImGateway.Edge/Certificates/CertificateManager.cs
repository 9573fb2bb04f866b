using ImGateway.Acme;
using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Stapling;
using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// The certificate flow. Before listening: what the store holds, then what the files or the development CA have that is newer.
/// Then, in one loop that ends only by cancellation: changed files, renewals, alerts, ticket keys; between its rounds imports and
/// rollbacks, and beside them orders at the CA. Every change goes through <see cref="CertificateInstaller"/>.
/// </summary>
public sealed partial class CertificateManager : BackgroundService
{
    static readonly TimeSpan AlertInterval = TimeSpan.FromHours(1);

    readonly CurrentOptions _options;
    readonly TimeProvider _time;
    readonly ScheduleClock _clock;
    readonly ILogger<CertificateManager> _logger;
    readonly Turn _turn = new();
    readonly CertificateStore _store;
    readonly CertificateInstaller _installer;
    readonly CertificateStart _start;
    readonly CertificateReload _reload;
    readonly Current<FilesSource> _files;
    readonly Current<IssuingCa> _ca;
    readonly FileChanges _fileChanges;
    readonly RefusedFiles _refused;
    readonly SelfSignedRenewals _selfSigned;
    readonly AcmeRenewals _acme;
    readonly Revocations _revocations;
    readonly RenewalBook _book;
    readonly StoreTakeover _takeover;
    readonly ExpiryAlerts _alerts;
    readonly ChangeProgram _onChange;
    readonly ManualInstalls _manualInstalls;
    readonly ManualRenewals _manualRenewals;

    bool _loaded;
    DueTime _nextAlerts;

    public CertificateManager(
        CurrentOptions options,
        ServerCertificateSelector selector,
        CertificateProof proof,
        CertificateMetrics metrics,
        TimeProvider time,
        ILogger<CertificateManager> logger,
        IServiceProvider services)
        : this(
            options.Value, selector, proof.ProveAsync, metrics, time, logger,
            audit: services.GetRequiredService<CertificateAudit>(),
            random: services.GetRequiredService<Random>(),
            isRevoked: services.GetRequiredService<OcspStates>().IsRevoked,
            caOf: services.GetRequiredService<IssuingCas>().Of)
    {
    }

    /// <param name="authority">Null: there is no CA, and whoever asks it is told so.</param>
    /// <param name="budget">Null: in DataDirectory, unshown.</param>
    /// <param name="audit">Null: in DataDirectory, and logged with everything else.</param>
    /// <param name="random">Null: as ever.</param>
    /// <param name="caOf">What asks the CA of a configuration, in place of authority and budget.</param>
    /// <param name="isRevoked">Whether the CA says so of what is served; null: nobody asks it.</param>
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
        Random? random = null,
        Func<Credential, bool>? isRevoked = null,
        Func<EdgeOptions, IssuingCa>? caOf = null)
    {
        // Its own, replaced in its turn: no round sees two configurations.
        var current = new CurrentOptions(options);
        audit ??= new CertificateAudit(new AuditLog(AuditLog.PathIn(options), logger, () => current.Value.Audit), current, time);
        var (chance, clock) = (new Chance(random ?? CertificatesRegistration.NewRandom()), new ScheduleClock(time));
        (_options, _time, _clock, _logger) = (current, time, clock, logger);

        // What is stored and served.
        _store = new CertificateStore(current, time, logger);
        _installer = new CertificateInstaller(current, _store, selector, probe, metrics, audit, time, clock, logger);

        // Where certificates come from.
        _files = new(new FilesSource(options, time, clock, logger));
        _ca = new(caOf?.Invoke(options) ?? new IssuingCa(authority ?? CertificateAuthority.None, budget ?? new IssuanceBudget(AcmePaths.Limits(options), time)));
        _refused = new RefusedFiles(_store, metrics, audit, time);
        _fileChanges = new FileChanges(_files, _installer, _refused, logger);
        var development = new SelfSignedSource(current, time);
        _selfSigned = new SelfSignedRenewals(development, _files, _installer, _turn, metrics, clock, logger);
        _book = new RenewalBook(_store, _installer, _turn, metrics, current, clock, logger);
        var run = new RenewalRun(current, _ca, _store, _installer, _book, _turn, metrics, audit, host => _files.Value.Covers(host), time, chance, logger);
        _acme = new AcmeRenewals(current, _ca, _installer, _book, run, isRevoked ?? (_ => false), time, chance, logger);
        var pending = new PendingRevocations(Path.Combine(options.DataDirectory, "revocations.json"), time, logger);
        _revocations = new Revocations(_ca, _store, _installer, _files, _book, _acme, pending, _turn, audit, clock, chance, logger);

        // Who changes what is served, and who is told.
        _start = new CertificateStart(current, _store, _files, _refused, development, _installer, metrics, logger);
        _takeover = new StoreTakeover(_store, _start, _book, logger);
        _manualInstalls = new ManualInstalls(current, _store, _takeover, _installer, _files, _turn, metrics, time, logger);
        _manualRenewals = new ManualRenewals(current, _store, _takeover, _installer, _files, _selfSigned, _acme, _revocations, _ca, _turn, logger);
        _reload = new CertificateReload(current, _files, _refused, _ca, selector, _store, _start, _installer, _book, caOf, time, clock, logger);
        _alerts = new ExpiryAlerts(current, clock, logger);
        _onChange = new ChangeProgram(current, new HookProgram(time), time, logger);
    }

    /// <summary>What is served and where it came from; replaced as a whole.</summary>
    public IReadOnlyDictionary<HostName, ServedCredential> Current => _installer.Served;

    /// <summary>Of each configured host that has one, in the configuration's order.</summary>
    public IReadOnlyList<ManagedCertificate> Certificates =>
        ManagedCertificates.Of(_installer.Served, (host, _) => _book.Of(host), _options.Value, _time);

    /// <summary>Certificate files that are not in use, until they are mended; replaced as a whole.</summary>
    public IReadOnlyList<RefusedFile> RefusedFiles => _refused.All;

    /// <summary>What comes next to a configured host that has none.</summary>
    public NextAction? NextOfMissing(HostName host) => NextActions.OfMissing(_book.Of(host), _options.Value, _time.GetUtcNow());

    bool IsAcme => _options.Value.Certificates.Source == CertificateSource.Acme;

    /// <summary>Everything that must be there before the first connection. Called once; starting calls it where nobody did.</summary>
    /// <exception cref="CertificateLoadException">Some host would have no certificate, or a file has problems: all of them.</exception>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        await Task.Run(() => _start.LoadAsync(cancellationToken), cancellationToken);
        _book.ShowAnew();
        if (IsAcme) _ca.Value.Budget.Show();
        _loaded = true;
    }

    /// <summary>
    /// Goes over to another configuration: new hosts get their certificate, those no longer named are neither served nor renewed, and nobody
    /// else notices.
    /// </summary>
    /// <exception cref="CertificateLoadException">Some host would have no certificate, or a file has problems: all of them. Nothing has changed.</exception>
    public async Task ReconfigureAsync(EdgeOptions options, CancellationToken cancellationToken)
    {
        using (await _turn.TakeAsync(cancellationToken)) await _reload.ApplyAsync(options, cancellationToken);
    }

    /// <summary>Judges certificate files again that were refused, although their content has not changed.</summary>
    public async Task<FilesRetry> RetryFilesAsync(CancellationToken cancellationToken)
    {
        using (await _turn.TakeAsync(cancellationToken))
        {
            var before = _installer.Served;
            await _fileChanges.LookAsync(retryNow: true, cancellationToken);
            return FilesRetry.Of(before, _installer.Served, _refused.All);
        }
    }

    /// <summary>Checks a certificate as a file is checked and swaps it in for every configured host it covers, for all or for none.</summary>
    /// <param name="password">Of an encrypted key.</param>
    /// <param name="who">For the log and as the certificate's origin.</param>
    public Task<InstallResult> ImportAsync(
        string certificatePem, string keyPem, string? chainPem, string? password, string who, CancellationToken cancellationToken) =>
        _manualInstalls.ImportAsync(FileContents.Of(certificatePem, keyPem, chainPem, password is null ? null : new Secret(password)), who, cancellationToken);

    /// <summary>Swaps the previous certificate back in, if it is still valid; what is served now becomes the previous one.</summary>
    /// <param name="name">Of a configured host or of its managed certificate.</param>
    /// <param name="who">For the logs.</param>
    public Task<InstallResult> RollbackAsync(string name, string who, CancellationToken cancellationToken) =>
        _manualInstalls.RollbackAsync(name, who, cancellationToken);

    /// <summary>Renews at the CA, or by the development CA, and serves what comes of it.</summary>
    /// <param name="force">Also what is not due.</param>
    /// <param name="staging">A dry run at the CA's staging directory: nothing of it is kept.</param>
    /// <param name="who">For the audit log.</param>
    /// <param name="progress">Told each step as it happens.</param>
    public Task<RenewResult> RenewAsync(HostName host, bool force, bool staging, string who, IProgress<string> progress, CancellationToken cancellationToken) =>
        _manualRenewals.RenewAsync(host, force, staging, who, progress, cancellationToken);

    /// <summary>Revokes what is served at the CA and replaces it by one with a new key.</summary>
    /// <param name="who">For the audit log.</param>
    /// <param name="progress">Told each step as it happens.</param>
    public Task<RenewResult> RevokeAsync(HostName host, RevocationReason reason, string who, IProgress<string> progress, CancellationToken cancellationToken) =>
        _manualRenewals.RevokeAsync(host, reason, who, progress, cancellationToken);

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
        _onChange.Dispose();
        _files.Value.Dispose();
        _acme.Dispose();
        _store.Dispose();
        _turn.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await _files.Value.WaitAsync(stoppingToken);
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
            await RenewalsAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Tell();
            await _onChange.StopAsync();
        }
    }

    /// <summary>One round of the loop.</summary>
    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        using (await _turn.TakeAsync(cancellationToken))
        {
            await _takeover.LookAsync(cancellationToken);
            await _fileChanges.LookAsync(cancellationToken);
            await _selfSigned.LookAsync(cancellationToken);
            var now = _clock.Now;
            if (_nextAlerts.IsDue(now))
            {
                _nextAlerts = DueTime.After(AlertInterval, now);
                _alerts.Check(_installer.Served);
                if (IsAcme) _ca.Value.Budget.Show();
            }

            _installer.RotateTicketKeys();
            // Only starts them. One process orders: two would order everything twice.
            if (IsAcme && _store.IsOurs)
            {
                _acme.Look(_options.Value.Hosts.Where(host => !_files.Value.Covers(host)), cancellationToken);
                _revocations.Look(cancellationToken);
            }
        }

        Tell();
    }

    /// <summary>Ends when every renewal and revocation has that the rounds so far have started.</summary>
    internal Task RenewalsAsync() => Task.WhenAll(_acme.EndedAsync(), _revocations.EndedAsync());

    /// <summary>Ends when every program has that was started for a change.</summary>
    internal Task ProgramsAsync() => _onChange.EndedAsync();

    /// <summary>Only starts programs: nothing waits for a slow one.</summary>
    void Tell()
    {
        HashSet<HostName> changed = [];
        while (_installer.Changed.TryDequeue(out var host)) changed.Add(host);
        if (_store.IsOurs) _onChange.Start(changed.Where(_installer.Served.ContainsKey), _store.CurrentPath);
    }

    [LoggerMessage(6, LogLevel.Error, "A round of certificate upkeep failed; the next is in a second")]
    partial void RoundFailed(Exception exception);
}
