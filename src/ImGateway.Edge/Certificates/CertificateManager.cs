using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.SelfSigned;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// The certificate flow. Before listening: what the store holds, then what the files or the development CA have that is newer.
/// Then, in one loop that ends only by cancellation: changed files, renewals, alerts, ticket keys; between its rounds imports and
/// rollbacks, and beside them orders at the CA. Every change goes through <see cref="CertificateInstaller"/>.
/// </summary>
sealed partial class CertificateManager(
    CertificateConfiguration options,
    CertificateStart start,
    StoreTakeover takeover,
    IStorage storage,
    CertificateInstaller installer,
    Current<FilesSource> files,
    FileChanges fileChanges,
    SelfSignedRenewals selfSigned,
    RenewalBook book,
    Current<IssuingCa> ca,
    AcmeRenewals acme,
    Revocations revocations,
    ExpiryAlerts alerts,
    ChangeProgram onChange,
    Turn turn,
    ScheduleClock clock,
    ILogger<CertificateManager> logger) : BackgroundService
{
    static readonly TimeSpan AlertInterval = TimeSpan.FromHours(1);

    bool _loaded;
    DueTime _nextAlerts;

    bool IsAcme => options.Value.Certificates.Source == CertificateSource.Acme;

    /// <summary>Everything that must be there before the first connection. Called once; starting calls it where it was not called before.</summary>
    /// <exception cref="CertificateLoadException">Some host would have no certificate, or a file has problems: all of them.</exception>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        await Task.Run(() => start.LoadAsync(cancellationToken), cancellationToken);
        await book.ReadNewAsync(cancellationToken);
        book.ShowAnew();
        if (IsAcme) await ca.Value.Budget.ShowAsync(cancellationToken);
        _loaded = true;
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!_loaded) await LoadAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        base.Dispose();
        // The container does not know what a reload has replaced.
        files.Value.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await files.Value.WaitAsync(stoppingToken);
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
            onChange.Start();
            await onChange.StopAsync();
        }
    }

    /// <summary>One round of the loop.</summary>
    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        using (await turn.TakeAsync(cancellationToken))
        {
            await takeover.LookAsync(cancellationToken);
            await book.ReadNewAsync(cancellationToken);
            await fileChanges.LookAsync(cancellationToken);
            await selfSigned.LookAsync(cancellationToken);
            var now = clock.Now;
            if (_nextAlerts.IsDue(now))
            {
                _nextAlerts = DueTime.After(AlertInterval, now);
                alerts.Check(installer.Served);
                if (IsAcme) await ca.Value.Budget.ShowAsync(cancellationToken);
            }

            installer.RotateTicketKeys();
            // Only starts them.
            if (IsAcme && storage.IsWriter)
            {
                await acme.LookAsync(options.Value.Hosts.Where(host => !files.Value.Covers(host)), cancellationToken);
                await revocations.LookAsync(cancellationToken);
            }
        }

        onChange.Start();
    }

    /// <summary>Ends when every renewal and revocation has that the rounds so far have started.</summary>
    internal Task RenewalsAsync() => Task.WhenAll(acme.EndedAsync(), revocations.EndedAsync());

    [LoggerMessage(1, LogLevel.Error, "A round of certificate upkeep failed; the next is in a second")]
    partial void RoundFailed(Exception exception);
}
