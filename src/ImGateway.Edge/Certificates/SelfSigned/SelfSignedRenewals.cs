using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;

namespace ImGateway.Edge.Certificates.SelfSigned;

/// <summary>Renews certificates of the development CA when they are due, or on request of an operator.</summary>
sealed partial class SelfSignedRenewals(
    CurrentCertificateOptions options,
    SelfSignedSource source,
    Reloadable<FilesSource> files,
    CertificateInstaller installer,
    AsyncLock certificateLock,
    CertificateMetrics metrics,
    ScheduleClock clock,
    ILogger<SelfSignedRenewals> logger)
{
    /// <summary>The interval of checks, and of retries after a failure.</summary>
    static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    DueTime _next;

    /// <summary>Renews what is due, and issues for hosts that have no certificate. The caller holds the lock.</summary>
    public async Task RenewDueAsync(CancellationToken cancellationToken)
    {
        var now = clock.Now;
        if (!source.IsAllowed || !_next.IsDue(now)) return;
        _next = DueTime.After(Interval, now);
        foreach (var host in options.Value.Hosts.Where(host => !files.Value.Covers(host)))
        {
            var old = installer.Served.GetValueOrDefault(host);
            var reason = old is null ? RenewalReasons.Missing : source.Due(old, now.Wall);
            if (reason is null || await IssueAsync(host, old, InstallCause.ByLoop(reason), cancellationToken) is not { } failure) continue;
            if (old is null) NothingServed(host, failure);
            else RenewalFailed(host, failure, old.Credential.SerialNumber, old.Credential.NotAfter);
        }
    }

    /// <summary>Renews on request of an operator.</summary>
    /// <param name="force">Renews even if the certificate is not due.</param>
    public async Task<RenewResult> RenewAsync(HostName host, bool force, string who, CancellationToken cancellationToken)
    {
        using (await certificateLock.AcquireAsync(cancellationToken))
        {
            var old = installer.Served.GetValueOrDefault(host);
            if (!force && old is not null && source.Due(old, clock.Now.Wall) is null)
                return new(host, Succeeded: true, $"{host}: is not due; --force renews it now", old.Credential.SerialNumber);
            var failure = await IssueAsync(host, old, new InstallCause(RenewalReasons.Manual, who), cancellationToken);
            return new(host, Succeeded: failure is null, $"{host}: {failure ?? "issued anew"}", installer.Served.GetValueOrDefault(host)?.Credential.SerialNumber);
        }
    }

    /// <returns>Null, or the reason of the failure.</returns>
    async Task<string?> IssueAsync(HostName host, HostCertificate? old, InstallCause cause, CancellationToken cancellationToken)
    {
        string? failure;
        try
        {
            var issued = new Dictionary<HostName, HostCertificate> { [host] = await source.IssueAsync(host, cancellationToken) with { FileHash = old?.FileHash } };
            failure = (await installer.InstallAsync(issued, cause, cancellationToken))?.Why;
        }
        catch (CertificateLoadException e)
        {
            failure = e.Message;
        }

        if (failure is not null) metrics.RenewalFailed(host, cause.Reason);
        return failure;
    }

    [LoggerMessage(1, LogLevel.Error, "{Host}: renewal failed: {Why}. It goes on with certificate {Serial}, valid until {NotAfter:u}")]
    partial void RenewalFailed(HostName host, string why, string serial, DateTimeOffset notAfter);

    [LoggerMessage(2, LogLevel.Error, "{Host}: no certificate: {Why}. Its TLS connections are refused until there is one")]
    partial void NothingServed(HostName host, string why);
}
