using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.SelfSigned;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Scheduling;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// The certificate loop. Before the listeners open, it loads the stored certificates and installs newer ones from files or the development CA.
/// Then each round handles changed files, renewals, alerts and ticket keys, until cancellation. Imports and rollbacks run between rounds, under the
/// same lock; orders at the CA run concurrently. Every change goes through <see cref="CertificateInstaller"/>.
/// </summary>
sealed partial class CertificateManager(
    CertificateLoader loader,
    StoreTakeover takeover,
    CertificateFileReload files,
    SelfSignedRenewals selfSigned,
    RenewalStates renewalStates,
    AcmeMaintenance acme,
    ExpiryAlerts alerts,
    TicketKeyRotation ticketKeys,
    OnChangeHook onChange,
    AsyncLock certificateLock,
    ILogger<CertificateManager> logger) : BackgroundService
{
    bool _loaded;

    /// <summary>Loads the certificates that are needed before the first connection. <see cref="StartAsync"/> calls it if it was not called before.</summary>
    /// <exception cref="CertificateLoadException">No host would have a certificate, or the store cannot be used; contains all problems.</exception>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        await Task.Run(() => loader.LoadAsync(cancellationToken), cancellationToken);
        await renewalStates.ReadMissingAsync(cancellationToken);
        renewalStates.RefreshMetrics();
        await acme.RefreshBudgetMetricsAsync(cancellationToken);
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
                await RunDueAsync(stoppingToken);
            }
        }
        finally
        {
            await RenewalsAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            onChange.Start();
            await onChange.StopAsync();
        }
    }

    /// <summary>One round of the loop. A step that fails does not prevent the others.</summary>
    internal async Task RunDueAsync(CancellationToken cancellationToken)
    {
        using (await certificateLock.AcquireAsync(cancellationToken))
        {
            await StepAsync(takeover.CheckAsync, cancellationToken);
            await StepAsync(renewalStates.ReadMissingAsync, cancellationToken);
            await StepAsync(files.CheckAsync, cancellationToken);
            await StepAsync(selfSigned.RenewDueAsync, cancellationToken);
            Step(alerts.CheckWhenDue);
            Step(ticketKeys.RotateWhenDue);
            await StepAsync(acme.RunDueAsync, cancellationToken);
        }

        Step(onChange.Start);
    }

    /// <summary>Completes when all renewals and revocations that were started have ended.</summary>
    internal Task RenewalsAsync() => acme.EndedAsync();

    void Step(Action step) => PeriodicTask.RunOnce(step, RoundFailed);

    async Task StepAsync(Func<CancellationToken, Task> step, CancellationToken cancellationToken)
    {
        try
        {
            await step(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // The next round may succeed: the loop must never end while the process is running.
            RoundFailed(e);
        }
    }

    [LoggerMessage(1, LogLevel.Error, "A round of certificate upkeep failed; the next is in a second")]
    partial void RoundFailed(Exception exception);
}
