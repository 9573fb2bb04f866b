using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;

namespace ImGateway.Edge.Certificates;

/// <summary>Handles certificate files that change while serving: installs the new certificate, or refuses it and keeps serving the previous one.</summary>
sealed partial class CertificateFileReload(Reloadable<FilesSource> files, CertificateInstaller installer, RefusedFiles refused, AsyncLock certificateLock, ILogger<CertificateFileReload> logger) : IDisposable
{
    /// <summary>Completes when a file may have changed, and every second.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => files.Value.WaitAsync(cancellationToken);

    /// <summary>Checks the files once. The caller holds the lock.</summary>
    public Task CheckAsync(CancellationToken cancellationToken) => CheckAsync(retryNow: false, cancellationToken);

    /// <summary>Checks refused files again, although their content has not changed.</summary>
    public async Task<FilesRetry> RetryAsync(CancellationToken cancellationToken)
    {
        using (await certificateLock.AcquireAsync(cancellationToken))
        {
            var before = installer.Served;
            await CheckAsync(retryNow: true, cancellationToken);
            return FilesRetry.Of(before, installer.Served, refused.All);
        }
    }

    // The container does not know what a reload has replaced.
    public void Dispose() => files.Value.Dispose();

    /// <param name="retryNow">Whether refused files are checked again now; otherwise once a minute.</param>
    async Task CheckAsync(bool retryNow, CancellationToken cancellationToken)
    {
        // 1. Files that have changed.
        foreach (var change in files.Value.Changes())
        {
            if (await ReplaceAsync(change, cancellationToken)) files.Value.MarkHandled(change);
        }

        foreach (var (file, why) in files.Value.ReplacedUnderMount())
        {
            var hosts = files.Value.HostsOf(file, [], installer.Served);
            if (await refused.RefuseAsync(file, why, hosts)) FileReplaced(why, string.Join(", ", hosts));
        }

        // 2. Files that were refused, or whose certificate was not valid yet: clock, machine and other files may have changed.
        if (!files.Value.TryBeginRetry(retryNow)) return;
        foreach (var retry in files.Value.Retries(installer.Served)) await ReplaceAsync(retry, cancellationToken);
    }

    /// <returns>Whether this content has been handled completely.</returns>
    async Task<bool> ReplaceAsync(ChangedFile change, CancellationToken cancellationToken)
    {
        // 1. Read and check.
        var file = change.Contents.File;
        var reading = files.Value.Read(change);
        if (reading.Credential is null)
        {
            if (!change.IsFinalWith(reading.Problems)) return false;
            await RefuseAsync(change, reading, reading.Why);
            await ServeLastResortAsync(file, cancellationToken);
            return true;
        }

        // 2. Refuse a certificate that would leave a host without one.
        var offer = FilesSource.Offer(reading, change.Contents);
        var chosen = files.Value.ChooseWith(file, offer);
        var lost = installer.Served.Where(entry => entry.Value.Source == HostCertificate.Files && entry.Value.Origin == file.Certificate)
            .Select(entry => entry.Key).Where(host => !chosen.ContainsKey(host)).ToList();
        if (lost.Count > 0)
        {
            return change.IsFinal
                && await RefuseAsync(change, reading, $"{file.Certificate}: no longer covers {string.Join(", ", lost)}; have it issued for all names it had");
        }

        // 3. Install. A file that may still be written to is tried again.
        if (await installer.InstallAsync(files.Value.NewOffers(chosen, installer.Served), InstallCause.ByFile(file.Certificate), cancellationToken) is { } failure)
        {
            return change.IsFinal && await RefuseAsync(change, reading, $"{file.Certificate}: {failure.Why}");
        }

        files.Value.Accept(file, offer);
        if (files.Value.WhyNotYetUsed(reading, installer.Served) is { } early)
        {
            // It is installed automatically once it is valid; until then the file is reported as refused.
            await ReportAsync(reading, early);
            return true;
        }

        await refused.MendedAsync(file);
        foreach (var warning in reading.Warnings.Concat(files.Value.NewlyUnused(installer.Served))) FileWarning(warning);
        return true;
    }

    /// <summary>Serves certificates with invalid dates to hosts that have no other.</summary>
    async Task ServeLastResortAsync(CertificateFile file, CancellationToken cancellationToken)
    {
        var offers = files.Value.LastResort(installer.Served);
        if (offers.Count > 0) await installer.InstallAsync(offers, InstallCause.ByFile(file.Certificate), cancellationToken);
    }

    async Task<bool> RefuseAsync(ChangedFile change, CertificateReading reading, string why)
    {
        files.Value.Refuse(change.Contents);
        await ReportAsync(reading, why);
        return true;
    }

    async Task ReportAsync(CertificateReading reading, string why)
    {
        var hosts = files.Value.HostsOf(reading.File, reading.Names, installer.Served);
        if (!await refused.RefuseAsync(reading.File, why, hosts)) return;
        if (installer.Served.GetValueOrDefault(hosts[0])?.Credential is { } served)
        {
            FileRefused(reading.File.Certificate, why, string.Join(", ", hosts), served.SerialNumber, served.NotAfter);
        }
        else
        {
            FileRefusedWithoutOther(reading.File.Certificate, why, string.Join(", ", hosts));
        }
    }

    [LoggerMessage(1, LogLevel.Error, "{File}: the changed certificate is not put to use: {Why}. {Hosts} goes on with certificate {Serial}, valid until {NotAfter:u}")]
    partial void FileRefused(string file, string why, string hosts, string serial, DateTimeOffset notAfter);

    [LoggerMessage(2, LogLevel.Warning, "{Warning}")]
    partial void FileWarning(CertificateProblem warning);

    [LoggerMessage(3, LogLevel.Error, "{Why}. {Hosts} goes on with the certificate of before")]
    partial void FileReplaced(string why, string hosts);

    [LoggerMessage(4, LogLevel.Error, "{File}: the changed certificate is not put to use: {Why}. {Hosts} has no certificate until the file is mended")]
    partial void FileRefusedWithoutOther(string file, string why, string hosts);
}

/// <summary>The result of checking refused certificate files again. One line each.</summary>
/// <param name="Served">Certificates that are served now and were not before.</param>
/// <param name="Refused">Files that are still refused.</param>
public sealed record FilesRetry(IReadOnlyList<string> Served, IReadOnlyList<string> Refused)
{
    internal static FilesRetry Of(
        IReadOnlyDictionary<HostName, HostCertificate> before, IReadOnlyDictionary<HostName, HostCertificate> now, IEnumerable<RefusedFile> refused) => new(
        [
            .. from entry in now
               where before.GetValueOrDefault(entry.Key)?.Credential != entry.Value.Credential
               select $"{entry.Key}: certificate {entry.Value.Credential.SerialNumber} is served, from {entry.Value.Origin}",
        ],
        [.. refused.Select(file => $"{file.File}: is still not put to use, and judged again each minute: {file.Why}")]);
}
