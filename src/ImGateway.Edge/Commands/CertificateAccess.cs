using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;
using ImGateway.Edge.Operations.Control;
using ImGateway.Edge.Operations.Status;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Commands;

/// <summary>Access to the certificates of a configuration: through the running edge of its DataDirectory, otherwise from the stored files.</summary>
sealed class CertificateAccess : IDisposable
{
    readonly string? _configFile;
    readonly ConfigurationResult _configuration;
    readonly TextWriter _error;
    readonly ControlClient _edge;

    CertificateAccess(string? configFile, ConfigurationResult configuration, TextWriter error)
    {
        (_configFile, _configuration, _error) = (configFile, configuration, error);
        _edge = new ControlClient(configuration.Draft);
    }

    /// <summary>The key type for keys that a verb generates.</summary>
    public KeyType KeyType => _configuration.Draft.Certificates.KeyType;

    /// <param name="error">Receives warnings about the files, if they are read by this process.</param>
    public static CertificateAccess Open(string? configFile, TextWriter error) => new(configFile, EdgeConfiguration.Read(EdgeConfiguration.Load(configFile)), error);

    public async Task<IReadOnlyList<CertificateStatus>> ListAsync(CancellationToken cancellationToken) =>
        await _edge.GetAsync<IReadOnlyList<CertificateStatus>>("/certificates", cancellationToken) is { } reply
            ? ValueOf(reply)
            : await FromDiskAsync(cancellationToken);

    /// <exception cref="UserError">There is no certificate of that name; the message lists the names.</exception>
    public async Task<CertificateStatus> FindAsync(string name, CancellationToken cancellationToken) => Find(await ListAsync(cancellationToken), name);

    /// <summary>Like <see cref="FindAsync"/>, for all certificates.</summary>
    public static CertificateStatus Find(IReadOnlyList<CertificateStatus> all, string name) => all.FirstOrDefault(certificate => certificate.IsNamed(name))
        ?? throw new UserError($"{SingleLine.Quote(name)} is no managed certificate; there are: {string.Join(", ", all.Select(certificate => certificate.Name))}");

    /// <summary>The running edge's certificates, for operations that only a running edge supports.</summary>
    /// <param name="why">The reason for the error message if no edge is running.</param>
    /// <exception cref="UserError">No edge is running.</exception>
    public async Task<IReadOnlyList<CertificateStatus>> ServedAsync(string why, CancellationToken cancellationToken) =>
        await _edge.GetAsync<IReadOnlyList<CertificateStatus>>("/certificates", cancellationToken) is { } reply ? ValueOf(reply) : throw NotRunning(why);

    /// <param name="name">As <see cref="CertificateStatus.Name"/>.</param>
    public Task<ControlRenewed> RenewAsync(string name, ControlRenew renew, IProgress<string> progress, CancellationToken cancellationToken) =>
        FollowAsync($"/certificates/{Uri.EscapeDataString(name)}/renew", renew, progress, cancellationToken);

    /// <param name="name">As <see cref="CertificateStatus.Name"/>.</param>
    public Task<ControlRenewed> RevokeAsync(string name, ControlRevoke revoke, IProgress<string> progress, CancellationToken cancellationToken) =>
        FollowAsync($"/certificates/{Uri.EscapeDataString(name)}/revoke", revoke, progress, cancellationToken);

    public async Task<InstallOutcome> ImportAsync(ControlImport import, TlsEngineFactory engines, CancellationToken cancellationToken) =>
        await _edge.PostAsync<ControlInstalled>("/certificates/import", import, cancellationToken) is { } reply
            ? new InstallOutcome(ValueOf(reply), Served: true)
            : await OnDiskAsync(engines, (store, engine) => store.ImportAsync(import.Certificate!, import.Key!, import.Chain, import.Password, Environment.UserName, engine, cancellationToken));

    /// <param name="name">As <see cref="CertificateStatus.Name"/>.</param>
    public async Task<InstallOutcome> RollbackAsync(string name, TlsEngineFactory engines, CancellationToken cancellationToken) =>
        await _edge.PostAsync<ControlInstalled>($"/certificates/{Uri.EscapeDataString(name)}/rollback", body: null, cancellationToken) is { } reply
            ? new InstallOutcome(ValueOf(reply), Served: true)
            : await OnDiskAsync(engines, (store, engine) => store.RollbackAsync(name, engine, cancellationToken));

    public void Dispose() => _edge.Dispose();

    async Task<ControlRenewed> FollowAsync(string path, object body, IProgress<string> progress, CancellationToken cancellationToken) =>
        await _edge.FollowAsync<ControlRenewed>(path, body, progress, cancellationToken) is { } reply ? ValueOf(reply) : throw NotRunning("it has stopped meanwhile");

    UserError NotRunning(string why) => new($"{_edge.Path}: no edge runs with this DataDirectory, and {why}; start it with: {ConfigOption.RunCommand(_configFile)}");

    static T ValueOf<T>(ControlReply<T> reply) => reply.Problems.Count == 0 ? reply.Value! : throw new UserError(reply.Problems);

    Task<IReadOnlyList<CertificateStatus>> FromDiskAsync(CancellationToken cancellationToken) =>
        OnDiskAsync(async (store, options) => CertificateStatus.Of(
            options.Hosts, await store.ReadAsync(cancellationToken), [], _ => null, TimeProvider.System.GetUtcNow()));

    async Task<InstallOutcome> OnDiskAsync(TlsEngineFactory engines, Func<OfflineCertificates, ITlsEngine, Task<InstallResult>> change)
    {
        var result = await OnDiskAsync((store, options) => change(store, engines.Of(options.Tls)));
        return result.Succeeded ? new InstallOutcome(ControlInstalled.Of(result), Served: false) : throw new UserError(result.Problems);
    }

    /// <summary>The running edge uses its own options; reading from disk uses the configuration file.</summary>
    async Task<T> OnDiskAsync<T>(Func<OfflineCertificates, EdgeOptions, Task<T>> act)
    {
        var options = _configuration.Options
            ?? throw new UserError(_configuration.Problems.Where(problem => problem.PreventsStart).Select(problem => problem.ToString()));
        try
        {
            return await act(new OfflineCertificates(options, TimeProvider.System, new ConsoleWarnings(_error)), options);
        }
        catch (CertificateLoadException problems)
        {
            throw new UserError(problems.Lines, problems);
        }
    }
}

/// <summary>A successful change.</summary>
/// <param name="Served">Whether a running edge serves it already; otherwise the next start will.</param>
sealed record InstallOutcome(ControlInstalled Result, bool Served)
{
    public InstallOutcome WithWarnings(Func<string, string> rewrite) => this with { Result = Result with { Warnings = [.. Result.Warnings.Select(rewrite)] } };

    public async Task<int> WriteAsync(TextWriter output, TextWriter error)
    {
        foreach (var warning in Result.Warnings) await error.WriteLineAsync($"warning: {warning}");
        foreach (var host in Result.Installed)
        {
            var change = host.OldSerialNumber is not { } old ? $"certificate {host.NewSerialNumber}"
                : old == host.NewSerialNumber ? $"certificate {host.NewSerialNumber} already"
                : $"certificate {host.NewSerialNumber} in place of {old}";
            await output.WriteLineAsync($"{host.Host}: {change}, valid until {host.NotAfter:u}");
        }

        if (!Served) await output.WriteLineAsync("no edge runs with this DataDirectory: served from its next start on");
        return ExitCodes.Success;
    }
}

/// <summary>Writes log messages of the certificate code to the terminal.</summary>
sealed class ConsoleWarnings(TextWriter error) : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("warnings go to one writer");

    public void Dispose()
    {
        // The writer belongs to the caller.
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) error.WriteLine($"warning: {SingleLine.Escape(formatter(state, exception))}");
    }
}
