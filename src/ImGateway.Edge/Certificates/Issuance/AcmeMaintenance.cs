using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>
/// The part of the certificate loop that uses a CA, if one is configured: starts renewals and revocations, and updates the metrics of the CA's remaining
/// limits.
/// </summary>
sealed class AcmeMaintenance(
    CurrentCertificateOptions options,
    IStorage storage,
    Reloadable<FilesSource> files,
    Reloadable<IssuingCa> ca,
    AcmeRenewals renewals,
    Revocations revocations,
    ScheduleClock clock)
{
    /// <summary>The interval of metrics updates: remaining limits grow as orders leave the windows of the limits.</summary>
    static readonly TimeSpan BudgetInterval = TimeSpan.FromHours(1);

    DueTime _nextBudget;

    bool IsAcme => options.Value.Certificates.Source == CertificateSource.Acme;

    /// <summary>Starts what is due, without waiting for it. The caller holds the lock.</summary>
    public async Task RunDueAsync(CancellationToken cancellationToken)
    {
        if (!IsAcme) return;
        var now = clock.Now;
        if (_nextBudget.IsDue(now)) await RefreshBudgetMetricsAsync(cancellationToken);
        if (!storage.IsWriter) return;
        await renewals.StartDueAsync(options.Value.Hosts.Where(host => !files.Value.Covers(host)), cancellationToken);
        await revocations.RepeatDueAsync(cancellationToken);
    }

    /// <summary>Updates the metrics of the CA's limits.</summary>
    public async Task RefreshBudgetMetricsAsync(CancellationToken cancellationToken)
    {
        if (!IsAcme) return;
        _nextBudget = DueTime.After(BudgetInterval, clock.Now);
        await ca.Value.Budget.RefreshMetricsAsync(cancellationToken);
    }

    /// <summary>Completes when every renewal and revocation started so far has ended.</summary>
    public Task EndedAsync() => Task.WhenAll(renewals.EndedAsync(), revocations.EndedAsync());
}
