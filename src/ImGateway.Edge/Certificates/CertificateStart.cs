using System.Security.Authentication;
using System.Security.Cryptography;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// From nothing to a certificate for every host: the store's, unless a file has changed since it was last taken in; issued here where
/// that is allowed. A file gone bad keeps no edge from starting that can go on with what it stored.
/// </summary>
sealed partial class CertificateStart(
    CurrentOptions options,
    CertificateStore store,
    Current<FilesSource> files,
    SelfSignedSource selfSigned,
    CertificateInstaller installer,
    CertificateMetrics metrics,
    ILogger logger)
{
    /// <exception cref="CertificateLoadException">Some host would have no certificate, or the store cannot be used.</exception>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        try
        {
            store.Open();
            if (!store.TryLock()) ReadOnly(options.Value.DataDirectory);
            var readings = files.Value.Read();
            foreach (var warning in readings.SelectMany(reading => reading.Warnings)) FileWarning(warning);
            await SettleAsync(readings, cancellationToken);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <param name="readings">Of the files that are looked at for the first time.</param>
    /// <exception cref="CertificateLoadException">Some host would have no certificate, or the store cannot be used.</exception>
    public async Task SettleAsync(IReadOnlyList<CertificateReading> readings, CancellationToken cancellationToken)
    {
        // 1. What is stored, and whether it makes up for files that cannot be used.
        var stored = store.LoadAll();
        if (readings.Count > 0) TolerateOrThrow(readings, stored);
        await TakeInAsync(stored, cancellationToken);
    }

    /// <summary>The same while serving: what the configured hosts have goes on being served, those that are new get theirs.</summary>
    /// <param name="readings">Of all files; none where nothing about them has changed.</param>
    /// <param name="accept">Called once no host is left without a certificate, before anything is served otherwise.</param>
    /// <exception cref="CertificateLoadException">Some host would have no certificate, or the store cannot be used.</exception>
    public async Task ReloadAsync(IReadOnlyList<CertificateReading> readings, Action accept, CancellationToken cancellationToken)
    {
        var (hosts, served) = (options.Value.Hosts, installer.Served);
        List<HostName> unserved = [.. hosts.Where(host => !served.ContainsKey(host))];
        store.Adopt(unserved);
        var stored = store.Load(unserved);
        if (readings.Count > 0) TolerateOrThrow(readings, served.Where(entry => hosts.Contains(entry.Key)).Concat(stored).ToDictionary());
        foreach (var warning in readings.SelectMany(reading => reading.Warnings)) FileWarning(warning);
        accept();
        await TakeInAsync(stored, cancellationToken);
    }

    async Task TakeInAsync(IReadOnlyDictionary<HostName, ServedCredential> stored, CancellationToken cancellationToken)
    {
        // 2. Served from the first connection on.
        try
        {
            if (stored.Count > 0) installer.Begin(stored);
        }
        catch (Exception e) when (e is InvalidOperationException or CryptographicException or AuthenticationException)
        {
            throw new CertificateLoadException([$"{options.Value.DataDirectory}: a stored certificate cannot be served: {e.Message}; import another one"]);
        }

        // 3. Files whose content is new to their hosts, but none that still has what was revoked.
        RejectRevoked();
        await InstallAsync(FilesSource.News(files.Value.Choose(), installer.Served), RenewalReasons.File, cancellationToken);

        // 4. What no file covers is issued here, where that is allowed; what a CA has to issue may take its time.
        if (!selfSigned.IsAllowed) return;
        var fromFiles = files.Value.Choose();
        var missing = options.Value.Hosts.Where(host => !installer.Served.ContainsKey(host))
            .Concat(selfSigned.OfAnotherCa(installer.Served))
            .Where(host => options.Value.Hosts.Contains(host) && !fromFiles.ContainsKey(host));
        await InstallAsync(missing.ToDictionary(host => host, selfSigned.Issue), RenewalReasons.Missing, cancellationToken);
    }

    /// <exception cref="CertificateLoadException">A host has no other certificate.</exception>
    void RejectRevoked()
    {
        List<string> problems = [];
        foreach (var offer in files.Value.RejectAll(store.Revoked.Contains))
        {
            var (problem, hosts) = ($"{offer.Origin}: {store.Revoked.Refusal(offer.Credential)}", options.Value.Hosts.Where(offer.Credential.Covers).ToList());
            foreach (var host in hosts) metrics.LoadFailed(host);
            if (options.Value.Certificates.Source == CertificateSource.Acme || hosts.TrueForAll(installer.Served.ContainsKey)) StoredInstead(problem, string.Join(", ", hosts));
            else problems.Add(problem);
        }

        if (problems.Count > 0) throw new CertificateLoadException(problems);
    }

    void TolerateOrThrow(IReadOnlyList<CertificateReading> readings, IReadOnlyDictionary<HostName, ServedCredential> stored)
    {
        var problems = CertificateFilesCheck.Problems(options.Value, readings).ToList();
        if (problems.Count == 0) return;
        var chosen = files.Value.Choose();
        var hosts = readings.Where(reading => reading.Credential is null)
            .SelectMany(reading => files.Value.HostsOf(reading.File, reading.Names, stored))
            .Concat(options.Value.Certificates.Source == CertificateSource.Files ? options.Value.Hosts.Where(host => !chosen.ContainsKey(host)) : [])
            .ToHashSet();
        if (!hosts.All(stored.ContainsKey)) throw new CertificateLoadException(problems);
        foreach (var host in hosts) metrics.LoadFailed(host);
        foreach (var problem in problems) StoredInstead(problem, string.Join(", ", hosts));
    }

    /// <summary>All at once; and if that fails, each certificate for itself, so that the sound ones come in.</summary>
    async Task InstallAsync(IReadOnlyDictionary<HostName, ServedCredential> changes, string reason, CancellationToken cancellationToken)
    {
        if (changes.Count == 0 || await installer.InstallAsync(changes, Cause(reason, changes.Values), cancellationToken) is null) return;
        List<string> problems = [];
        foreach (var group in changes.GroupBy(change => change.Value.Credential))
        {
            var part = group.ToDictionary();
            if (await installer.InstallAsync(part, Cause(reason, part.Values), cancellationToken) is not { } failure) continue;
            var (offer, hosts) = (part.Values.First(), string.Join(", ", part.Keys));
            var problem = $"{offer.Origin}: {failure.Why}";
            files.Value.Reject(offer);
            foreach (var host in part.Keys) metrics.LoadFailed(host);
            if (part.Keys.All(installer.Served.ContainsKey)) StoredInstead(problem, hosts);
            else problems.Add(problem);
        }

        if (problems.Count > 0) throw new CertificateLoadException(problems);
    }

    static ChangeCause Cause(string reason, IEnumerable<ServedCredential> changes) =>
        reason == RenewalReasons.File ? ChangeCause.ByFile(string.Join(", ", changes.Select(change => change.Origin).Distinct())) : ChangeCause.ByLoop(reason);

    [LoggerMessage(10, LogLevel.Error, "{Problem}. {Hosts} goes on with the certificate stored")]
    partial void StoredInstead(string problem, string hosts);

    [LoggerMessage(11, LogLevel.Warning, "{Directory}: another imgw process writes it; until that one ends, changed certificates are served but not stored")]
    partial void ReadOnly(string directory);

    [LoggerMessage(12, LogLevel.Warning, "{Warning}")]
    partial void FileWarning(CertificateProblem warning);
}
