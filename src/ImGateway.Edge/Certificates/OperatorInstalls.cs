using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;

namespace ImGateway.Edge.Certificates;

/// <summary>Imports and rollbacks by operators. A certificate is installed for all hosts that it covers, or for none.</summary>
sealed partial class OperatorInstalls(
    CurrentCertificateOptions options,
    CertificateStore store,
    StoreWriter writer,
    StoreTakeover takeover,
    CertificateInstaller installer,
    Reloadable<FilesSource> files,
    AsyncLock certificateLock,
    CertificateMetrics metrics,
    TimeProvider time,
    ILogger<OperatorInstalls> logger)
{
    /// <summary>Checks a certificate like a file and installs it for every configured host that it covers, or for none.</summary>
    /// <param name="password">The password of an encrypted key.</param>
    /// <param name="who">The user, for the log and as the certificate's origin.</param>
    public Task<InstallResult> ImportAsync(
        string certificatePem, string keyPem, string? chainPem, string? password, string who, CancellationToken cancellationToken)
    {
        var contents = FileContents.Of(certificatePem, keyPem, chainPem, password is null ? null : new Secret(password));
        return InstallAsync(
            $"import by {who}", new InstallCause(RenewalReasons.Manual, who), () => Task.FromResult(ProposedInstall.Import(contents, who, options.Value, time, installer.Served)), cancellationToken);
    }

    /// <summary>Restores the previous certificate, if it is still valid; the present one becomes the previous one.</summary>
    /// <param name="name">A configured host, or the name of its certificate in the store.</param>
    /// <param name="who">The user, for the logs.</param>
    public Task<InstallResult> RollbackAsync(string name, string who, CancellationToken cancellationToken) => InstallAsync(
        $"rollback by {who}", new InstallCause(RenewalReasons.Manual, who) { IsRollback = true }, () => ProposedInstall.RollbackAsync(name, options.Value, store, installer.Served, cancellationToken), cancellationToken);

    async Task<InstallResult> InstallAsync(string what, InstallCause cause, Func<Task<ProposedInstall>> prepare, CancellationToken cancellationToken)
    {
        using (await certificateLock.AcquireAsync(cancellationToken))
        {
            try
            {
                if (!await takeover.TryAsync(cancellationToken)) return InstallResult.Failed(writer.LockedMessage);
            }
            catch (CertificateLoadException e)
            {
                return InstallResult.Failed(e.Lines);
            }

            var before = installer.Served;
            var proposal = await prepare();
            if (proposal.Problems.Count == 0 && await installer.InstallAsync(proposal.Changes, cause, cancellationToken) is { } failure)
            {
                foreach (var host in proposal.Changes.Keys) metrics.RenewalFailed(host, cause.Reason);
                proposal = proposal with { Problems = [$"{string.Join(", ", proposal.Changes.Keys)}: {failure.Why}; what was served before still is"] };
            }

            if (proposal.Problems.Count == 0)
            {
                Changed(what, string.Join(", ", proposal.Changes.Keys));
                var unused = files.Value.NewlyUnused(installer.Served);
                foreach (var warning in unused) FileUnused(warning);
                return (proposal with { Warnings = [.. proposal.Warnings, .. unused.Select(warning => warning.ToString())] }).Result(before);
            }

            ChangeRefused(what, string.Join(" · ", proposal.Problems));
            return proposal.Result(before);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "{What}: done for {Hosts}")]
    partial void Changed(string what, string hosts);

    [LoggerMessage(2, LogLevel.Warning, "{Warning}")]
    partial void FileUnused(CertificateProblem warning);

    [LoggerMessage(3, LogLevel.Warning, "{What} refused: {Why}")]
    partial void ChangeRefused(string what, string why);
}
