using System.Security.Cryptography;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// The certificate flow. Before listening: read files, issue what is self-signed, check, give each host its credential, publish.
/// Then, in one loop that ends only by cancellation: changed files, renewals, alerts, fresh contexts.
/// </summary>
public sealed partial class CertificateManager : BackgroundService
{
    static readonly TimeSpan AlertInterval = TimeSpan.FromHours(1);

    /// <summary>Session ticket keys live as long as their context (docs/decisions: one context a name, a day at most).</summary>
    static readonly TimeSpan ContextLifetime = TimeSpan.FromDays(1);

    static readonly TimeSpan RenewalRetry = TimeSpan.FromMinutes(10);

    readonly EdgeOptions _options;
    readonly ServerCertificateSelector _selector;
    readonly CertificateMetrics _metrics;
    readonly TimeProvider _time;
    readonly ILogger<CertificateManager> _logger;
    readonly CertificateFileReader _reader;
    readonly SelfSignedIssuer _issuer;
    readonly CertificateSwap _swap;
    readonly ExpiryAlerts _alerts;

    // What the loop alone changes.
    readonly Dictionary<CertificateFile, ServedCredential> _files = [];
    readonly Dictionary<HostName, ServedCredential> _selfSigned = [];
    CertificateFileWatcher? _watcher;
    DateTimeOffset _nextAlerts;
    DateTimeOffset _nextContexts;
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
        (_options, _selector, _metrics, _time, _logger) = (options, selector, metrics, time, logger);
        _reader = new CertificateFileReader(options.Hosts, time);
        _issuer = new SelfSignedIssuer(options, time);
        _swap = new CertificateSwap(selector, probe, time);
        _alerts = new ExpiryAlerts(options.Certificates.MaxAge, time, logger);
    }

    /// <summary>What is served and where it came from; replaced as a whole.</summary>
    public IReadOnlyDictionary<HostName, ServedCredential> Current { get; private set; } = new Dictionary<HostName, ServedCredential>();

    /// <summary>Of each configured host that has one, in the configuration's order.</summary>
    public IReadOnlyList<ManagedCertificate> Certificates =>
    [
        .. from host in _options.Hosts
           where Current.ContainsKey(host)
           let served = Current[host]
           select new ManagedCertificate(
               host, served.Credential, served.Source, served.Origin, served.Credential.NotBefore, Previous: null,
               new NextAction("rotate", served.Credential.NotBefore + _options.Certificates.MaxAge, "MaxAge")),
    ];

    /// <summary>Checks a certificate as a file is checked and swaps it in for every configured host it covers, for all or for none.</summary>
    /// <param name="password">Of an encrypted key.</param>
    /// <param name="who">For the log and as the certificate's origin.</param>
    public Task<InstallResult> ImportAsync(
        string certificatePem, string keyPem, string? chainPem, string? password, string who, CancellationToken cancellationToken) =>
        Task.FromResult(InstallResult.Failed("not available yet"));

    /// <summary>Swaps the previous certificate back in, if it is still valid; what is served now becomes the previous one.</summary>
    /// <param name="name">Of a configured host or of its managed certificate.</param>
    public Task<InstallResult> RollbackAsync(string name, CancellationToken cancellationToken) =>
        Task.FromResult(InstallResult.Failed("not available yet"));

    /// <summary>Everything that must be there before the first connection. Called once; starting calls it where nobody did.</summary>
    /// <exception cref="CertificateLoadException">Some host would have no certificate, or a file has problems: all of them.</exception>
    public Task LoadAsync(CancellationToken cancellationToken) => Task.Run(Load, cancellationToken);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (_watcher is null) await LoadAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _watcher?.Dispose();
        base.Dispose();
    }

    void Load()
    {
        // 1. All files, with all their problems.
        List<FileContents> contents = [.. _options.Certificates.Files.Distinct().Select(FileContents.Read)];
        List<CertificateReading> readings = [.. contents.Select(_reader.Read)];
        foreach (var warning in readings.SelectMany(reading => reading.Warnings)) FileWarning(warning);
        var problems = CertificateFilesCheck.Problems(_options, readings).ToList();
        if (problems.Count > 0) throw new CertificateLoadException(problems);
        foreach (var reading in readings) _files[reading.File] = FromFile(reading);

        // 2. What no file covers is issued here, where that is allowed.
        if (_options.Certificates.Source == CertificateSource.SelfSigned)
        {
            foreach (var host in _options.Hosts.Where(host => !readings.Exists(reading => reading.Credential!.Covers(host))))
            {
                _selfSigned[host] = _issuer.Issue(host);
            }
        }

        // 3. Served from the first connection on.
        var table = Choose();
        try
        {
            Publish(table);
        }
        catch (Exception e) when (e is InvalidOperationException or CryptographicException or System.Security.Authentication.AuthenticationException)
        {
            throw new CertificateLoadException([$"Certificates: cannot be served: {e.Message}; replace the certificate by one that OpenSSL accepts"]);
        }

        Accept(table);
        _watcher = new CertificateFileWatcher(contents, _time);
        _nextAlerts = _time.GetUtcNow();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await _watcher!.WaitAsync(stoppingToken);
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
        foreach (var changed in _watcher!.Look())
        {
            if (await ReplaceAsync(changed, cancellationToken)) _watcher.Handled(changed.Contents);
        }

        var now = _time.GetUtcNow();
        if (_selfSigned.Count > 0 && now >= _nextRenewals) await RenewAsync(now, cancellationToken);
        if (now >= _nextAlerts)
        {
            _nextAlerts = now + AlertInterval;
            _alerts.Check(Current);
        }

        if (now >= _nextContexts) Publish(Current);
    }

    /// <returns>Whether this content needs no further attempt.</returns>
    async Task<bool> ReplaceAsync(ChangedFile changed, CancellationToken cancellationToken)
    {
        // 1. Read and check.
        var file = changed.Contents.File;
        var previous = _files[file];
        var reading = _reader.Read(changed.Contents);
        if (reading.Credential is null) return changed.Final && Refuse(file, previous, string.Join(" · ", reading.Problems));
        if (SameChain(reading.Credential, previous.Credential)) return true;

        // 2. No host may lose its certificate by it.
        _files[file] = FromFile(reading);
        var table = Choose();
        var failure = Current.Keys.Where(host => !table.ContainsKey(host)).ToList() is { Count: > 0 } lost
            ? $"{file.Certificate}: no longer covers {string.Join(", ", lost)}; have it issued for all names it had"
            : null;

        // 3. Publish, prove, and only then forget the old one. A file that is still being written gets its chance to be completed.
        if (failure is null && await _swap.TryAsync(Credentials(table), cancellationToken) is { } why) failure = $"{file.Certificate}: {why}";
        if (failure is not null)
        {
            _files[file] = previous;
            return changed.Final && Refuse(file, previous, failure);
        }

        foreach (var warning in reading.Warnings) FileWarning(warning);
        Accept(table, reason: "file");
        return true;
    }

    /// <summary>What the edge issued itself and whose time has come.</summary>
    async Task RenewAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        _nextRenewals = now + RenewalRetry;
        foreach (var (host, old) in _selfSigned.ToList())
        {
            var policy = RenewalPolicy.Next(old.Credential, _options.Certificates.MaxAge);
            if (now < policy.At) continue;
            string? failure;
            try
            {
                _selfSigned[host] = _issuer.Issue(host);
                failure = await _swap.TryAsync(Credentials(Choose()), cancellationToken);
            }
            catch (CertificateLoadException e)
            {
                failure = e.Message;
            }

            if (failure is null)
            {
                Accept(Choose(), policy.Reason);
            }
            else
            {
                _selfSigned[host] = old;
                _metrics.RenewalFailed(host, policy.Reason);
                RenewalFailed(host, failure, old.Credential.SerialNumber, old.Credential.NotAfter);
            }
        }
    }

    bool Refuse(CertificateFile file, ServedCredential previous, string why)
    {
        var hosts = Current.Where(entry => entry.Value == previous).Select(entry => entry.Key).ToList();
        if (hosts.Count == 0) hosts = [.. _options.Hosts.Where(previous.Credential.Covers)];
        foreach (var host in hosts) _metrics.LoadFailed(host);
        FileRefused(file.Certificate, why, string.Join(", ", hosts), previous.Credential.SerialNumber, previous.Credential.NotAfter);
        return true;
    }

    /// <summary>The table is served: say so.</summary>
    void Accept(IReadOnlyDictionary<HostName, ServedCredential> table, string? reason = null)
    {
        var before = Current;
        Current = table;
        _nextContexts = _time.GetUtcNow() + ContextLifetime;
        foreach (var (host, served) in table)
        {
            _metrics.Served(host, served);
            if (served.Source == ServedCredential.SelfSigned)
            {
                _metrics.NextRenewal(host, RenewalPolicy.Next(served.Credential, _options.Certificates.MaxAge).At);
            }

            if (!before.TryGetValue(host, out var old))
            {
                Loaded(host, served.Credential.SerialNumber, served.Credential.NotAfter, served.Origin);
            }
            else if (old != served)
            {
                _metrics.Swapped(host, reason!);
                Swapped(host, old.Credential.SerialNumber, served.Credential.SerialNumber, served.Credential.NotAfter, served.Origin);
            }
        }
    }

    void Publish(IReadOnlyDictionary<HostName, ServedCredential> table)
    {
        _selector.Publish(Credentials(table));
        _nextContexts = _time.GetUtcNow() + ContextLifetime;
    }

    IReadOnlyDictionary<HostName, ServedCredential> Choose() =>
        ServedCredential.Choose(_options.Hosts, [.. _files.Values, .. _selfSigned.Values]);

    static ServedCredential FromFile(CertificateReading reading) =>
        new(reading.Credential!, ServedCredential.Files, reading.File.Certificate);

    static Dictionary<HostName, Credential> Credentials(IReadOnlyDictionary<HostName, ServedCredential> table) =>
        table.ToDictionary(entry => entry.Key, entry => entry.Value.Credential);

    static bool SameChain(Credential a, Credential b) =>
        a.Leaf.Thumbprint == b.Leaf.Thumbprint
        && a.Issuers.Select(issuer => issuer.Thumbprint).SequenceEqual(b.Issuers.Select(issuer => issuer.Thumbprint), StringComparer.Ordinal);

    [LoggerMessage(1, LogLevel.Information, "{Host}: serving certificate {Serial}, valid until {NotAfter:u}, from {Origin}")]
    partial void Loaded(HostName host, string serial, DateTimeOffset notAfter, string origin);

    [LoggerMessage(2, LogLevel.Information, "{Host}: certificate {OldSerial} replaced by {NewSerial}, valid until {NotAfter:u}, from {Origin}")]
    partial void Swapped(HostName host, string oldSerial, string newSerial, DateTimeOffset notAfter, string origin);

    [LoggerMessage(3, LogLevel.Error, "{File}: the changed certificate is not put to use: {Why}. {Hosts} goes on with certificate {Serial}, valid until {NotAfter:u}")]
    partial void FileRefused(string file, string why, string hosts, string serial, DateTimeOffset notAfter);

    [LoggerMessage(4, LogLevel.Warning, "{Warning}")]
    partial void FileWarning(CertificateProblem warning);

    [LoggerMessage(5, LogLevel.Error, "{Host}: renewal failed: {Why}. It goes on with certificate {Serial}, valid until {NotAfter:u}")]
    partial void RenewalFailed(HostName host, string why, string serial, DateTimeOffset notAfter);

    [LoggerMessage(6, LogLevel.Error, "A round of certificate upkeep failed; the next is in a second")]
    partial void RoundFailed(Exception exception);
}
