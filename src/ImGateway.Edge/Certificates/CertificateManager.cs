using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.SelfSigned;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Scheduling;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// The certificate flow. Before listening: what the store holds, then what the files or the development CA have that is newer.
/// Then, in one loop that ends only by cancellation: changed files, renewals, alerts, ticket keys; between its rounds imports and
/// rollbacks, and beside them orders at the CA. Every change goes through <see cref="CertificateInstaller"/>.
/// </summary>
sealed partial class CertificateManager(
    CertificateStart start,
    StoreTakeover takeover,
    CertificateInstaller installer,
    FileChanges files,
    SelfSignedRenewals selfSigned,
    RenewalBook book,
    AcmeMaintenance acme,
    ExpiryAlerts alerts,
    ChangeProgram onChange,
    Turn turn,
    ILogger<CertificateManager> logger) : BackgroundService
{
    bool _loaded;

    /// <summary>Everything that must be there before the first connection. Called once; starting calls it where it was not called before.</summary>
    /// <exception cref="CertificateLoadException">Some host would have no certificate, or a file has problems: all of them.</exception>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        await Task.Run(() => start.LoadAsync(cancellationToken), cancellationToken);
        await book.ReadNewAsync(cancellationToken);
        book.ShowAnew();
        await acme.ShowBudgetAsync(cancellationToken);
        _loaded = true;
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!_loaded) await LoadAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await files.WaitAsync(stoppingToken);
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
            await files.LookAsync(cancellationToken);
            await selfSigned.LookAsync(cancellationToken);
            alerts.Look();
            installer.RotateTicketKeys();
            await acme.LookAsync(cancellationToken);
        }

        onChange.Start();
    }

    /// <summary>Ends when every renewal and revocation has that the rounds so far have started.</summary>
    internal Task RenewalsAsync() => acme.EndedAsync();

    [LoggerMessage(1, LogLevel.Error, "A round of certificate upkeep failed; the next is in a second")]
    partial void RoundFailed(Exception exception);
}
