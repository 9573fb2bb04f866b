using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// Applies a new configuration to the certificates while serving: completely, or not at all. New hosts get a certificate, removed hosts are
/// neither served nor renewed, and other hosts are not affected.
/// </summary>
sealed partial class CertificateReconfiguration(
    CurrentCertificateOptions options,
    Reloadable<FilesSource> files,
    RefusedFiles refused,
    Reloadable<IssuingCa> ca,
    ServerCertificateSelector selector,
    IStorage storage,
    CertificateLoader loader,
    CertificateInstaller installer,
    RenewalStates renewalStates,
    CertificateMetrics metrics,
    CreateFilesSource createFiles,
    CreateIssuingCa createCa,
    AsyncLock certificateLock,
    ILogger<CertificateReconfiguration> logger)
{
    /// <exception cref="CertificateLoadException">A host would have no certificate, or a file or the store cannot be used; contains all problems.</exception>
    public async Task ApplyAsync(EdgeOptions next, CancellationToken cancellationToken)
    {
        using var taken = await certificateLock.AcquireAsync(cancellationToken);

        // 1. Remember the state to roll back to.
        var (before, watched, served) = (options.Value, files.Value, installer.Served);
        var isUnchanged = watched.Suits(next);
        var stored = await StoreBackup.TakeAsync(before, storage, isUnchanged ? MayChange() : before.Hosts.Union(next.Hosts), cancellationToken);

        // 2. Read the files, unless files and hosts are unchanged; then apply the hosts, and get certificates for new ones.
        var found = isUnchanged ? watched : createFiles(next);
        try
        {
            var readings = found == watched ? [] : found.Read(watched);
            options.Replace(next);
            files.Replace(found);
            await loader.ReloadAsync(readings, before.Hosts, ChangeNames, cancellationToken);
        }
        catch
        {
            options.Replace(before);
            files.Replace(watched);
            refused.Retain(before.Certificates.Files);
            selector.Reconfigure(before);
            await installer.RestoreAsync(served);
            foreach (var host in next.Hosts.Except(before.Hosts)) metrics.Forget(host);
            RefreshMetrics();
            if (found != watched) found.Dispose();
            // Valid certificates may have been stored before another one was refused.
            if (await stored.TryRestoreAsync(CancellationToken.None) is { } why) NotRestored(before.DataDirectory, why);
            throw;
        }

        // 3. Remove what is no longer configured. A renewal in progress finds that its host was removed when it takes the lock.
        if (found != watched) watched.Dispose();
        refused.Retain(next.Certificates.Files);
        foreach (var host in before.Hosts.Except(next.Hosts))
        {
            renewalStates.Forget(host);
            metrics.Forget(host);
            NoLongerServed(host);
        }

        // 4. New orders use the new configuration; orders in progress complete with the old one.
        ca.Replace(createCa(next));

        // 5. The new configuration is in force, so this is not cancelled.
        await renewalStates.ReadMissingAsync(CancellationToken.None);
        RefreshMetrics();

        // With the same hosts and files: hosts that wait for a certificate or have none, or all if the development CA was lost.
        IEnumerable<HostName> MayChange() => next.Certificates.Source == CertificateSource.SelfSigned
            ? next.Hosts
            : watched.Choose().Where(offer => served.GetValueOrDefault(offer.Key)?.FileHash != offer.Value.FileHash).Select(offer => offer.Key)
                .Union(next.Hosts.Where(host => !served.ContainsKey(host)));

        void ChangeNames()
        {
            selector.Reconfigure(next);
            installer.Retain(next.Hosts);
        }

        void RefreshMetrics()
        {
            installer.RefreshMetrics();
            renewalStates.RefreshMetrics();
            refused.RefreshMetrics();
        }
    }

    [LoggerMessage(1, LogLevel.Error, "{Directory}: what was stored before the refused reload cannot be put back: {Why}; see to its space and its owner, then 'imgw reload'")]
    partial void NotRestored(string directory, string why);

    [LoggerMessage(2, LogLevel.Information, "{Host}: is no longer configured, and neither served nor renewed; its certificate stays in DataDirectory")]
    partial void NoLongerServed(HostName host);
}
