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
        await ReplaceAsync(files.Value.Changes(), cancellationToken);
        foreach (var (file, why) in files.Value.ReplacedUnderMount())
        {
            var hosts = files.Value.HostsOf(file, [], installer.Served);
            if (await refused.RefuseAsync(file, why, hosts)) FileReplaced(why, string.Join(", ", hosts));
        }

        // 2. Files that were refused, or whose certificate was not valid yet: clock, machine and other files may have changed.
        if (files.Value.TryBeginRetry(retryNow)) await ReplaceAsync(files.Value.Retries(installer.Served), cancellationToken);
    }

    /// <summary>Puts the changed files to use, or refuses them. What may still change is left for the next round.</summary>
    async Task ReplaceAsync(IReadOnlyList<ChangedFile> changes, CancellationToken cancellationToken)
    {
        // 1. Read and check each.
        var readings = changes.Zip(files.Value.Read(changes)).Select(read => (Change: read.First, Reading: read.Second)).ToList();

        // 2. Install all that are usable.
        List<Replacement> usable =
        [
            .. from read in readings
               where read.Reading.Credential is not null
               select new Replacement(read.Change, read.Reading, FilesSource.Offer(read.Reading, read.Change.Contents)),
        ];
        if (usable.Count > 0) await InstallAsync(usable, cancellationToken);

        // 3. Refuse the others, and serve hosts that still have no certificate what there is.
        foreach (var (change, reading) in readings.Where(read => read.Reading.Credential is null && read.Change.IsFinalWith(read.Reading.Problems)))
        {
            await RefuseAsync(change, reading, reading.Why);
            await ServeLastResortAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Installs certificates at once, because an installation costs as much as there are hosts, however few have changed. If that fails, in halves, so that
    /// a bad one does not affect others.
    /// </summary>
    async Task InstallAsync(List<Replacement> replacements, CancellationToken cancellationToken)
    {
        // 1. Not if it would leave a host without a certificate.
        var chosen = files.Value.ChooseWith(replacements.ToDictionary(replacement => replacement.File, replacement => replacement.Offer));
        var origins = replacements.Select(replacement => replacement.File.Certificate).ToHashSet(StringComparer.Ordinal);
        var lost = installer.Served.Where(entry => entry.Value.Source == HostCertificate.Files && origins.Contains(entry.Value.Origin))
            .Select(entry => entry.Key).Where(host => !chosen.ContainsKey(host)).ToList();
        var why = lost.Count > 0 ? $"no longer covers {string.Join(", ", lost)}; have it issued for all names it had"
            : await TryInstallAsync(files.Value.NewOffers(chosen, installer.Served), isLast: replacements.Count == 1, cancellationToken);

        // 2. Installed.
        if (why is null)
        {
            await AcceptAsync(replacements);
        }

        // 3. Refused. A file that may still be written to is tried again.
        else if (replacements is [var single])
        {
            if (single.Change.IsFinal) await RefuseAsync(single.Change, single.Reading, $"{single.File.Certificate}: {why}");
        }
        else
        {
            var half = replacements.Count / 2;
            await InstallAsync(replacements[..half], cancellationToken);
            await InstallAsync(replacements[half..], cancellationToken);
        }
    }

    /// <param name="isLast">Whether there is no smaller part to try after an unexpected exception.</param>
    /// <returns>Null, or why nothing was installed.</returns>
    async Task<string?> TryInstallAsync(IReadOnlyDictionary<HostName, HostCertificate> offers, bool isLast, CancellationToken cancellationToken)
    {
        try
        {
            return (await installer.InstallAsync(offers, InstallCause.ByFiles, cancellationToken))?.Why;
        }
        catch (Exception e) when (!isLast && e is not OperationCanceledException)
        {
            return e.Message;
        }
    }

    async Task AcceptAsync(IReadOnlyList<Replacement> installed)
    {
        foreach (var replacement in installed)
        {
            files.Value.Accept(replacement.File, replacement.Offer);
            files.Value.MarkHandled(replacement.Change);
        }

        List<CertificateProblem> warnings = [];
        var isUsed = false;
        foreach (var (file, reading) in installed.Select(replacement => (replacement.File, replacement.Reading)))
        {
            if (files.Value.WhyNotYetUsed(reading, installer.Served) is { } early)
            {
                // It is installed automatically once it is valid; until then the file is reported as refused.
                await ReportAsync(reading, early);
                continue;
            }

            isUsed = true;
            await refused.MendedAsync(file);
            warnings.AddRange(reading.Warnings);
        }

        foreach (var warning in warnings.Concat(isUsed ? files.Value.NewlyUnused(installer.Served) : [])) FileWarning(warning);
    }

    /// <summary>Serves certificates with invalid dates to hosts that have no other.</summary>
    async Task ServeLastResortAsync(CancellationToken cancellationToken)
    {
        var offers = files.Value.LastResort(installer.Served);
        if (offers.Count > 0) await installer.InstallAsync(offers, InstallCause.ByFiles, cancellationToken);
    }

    async Task RefuseAsync(ChangedFile change, CertificateReading reading, string why)
    {
        files.Value.Refuse(change.Contents);
        await ReportAsync(reading, why);
        files.Value.MarkHandled(change);
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

    /// <summary>A changed file whose certificate is usable.</summary>
    sealed record Replacement(ChangedFile Change, CertificateReading Reading, HostCertificate Offer)
    {
        public CertificateFile File => Reading.File;
    }
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
