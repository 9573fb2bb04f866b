using System.Security.Authentication;
using System.Security.Cryptography;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.SelfSigned;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// Provides each host with a certificate at start: the stored one, unless its file has changed since it was last loaded; or one of the development
/// CA, if allowed. An unusable certificate is refused and reported until it is corrected, and does not affect other hosts. The start fails only
/// if no host at all could be served.
/// </summary>
sealed partial class CertificateLoader(
    CurrentCertificateOptions options,
    CertificateStore store,
    StoreWriter writer,
    RevokedCertificates revoked,
    Reloadable<FilesSource> files,
    RefusedFiles refused,
    SelfSignedSource selfSigned,
    CertificateInstaller installer,
    CertificateMetrics metrics,
    ILogger<CertificateLoader> logger)
{
    /// <exception cref="CertificateLoadException">No host would have a certificate, or the store cannot be used.</exception>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        try
        {
            await store.OpenAsync(cancellationToken);
            if (!await writer.TryBecomeWriterAsync(cancellationToken)) ReadOnly(options.Value.DataDirectory);
            var readings = files.Value.Read();
            foreach (var warning in readings.SelectMany(reading => reading.Warnings)) FileWarning(warning);
            await ServeAllAsync(readings, cancellationToken);
        }
        catch
        {
            await writer.ResignAsync();
            throw;
        }
    }

    /// <param name="readings">The results for files that were read for the first time.</param>
    /// <exception cref="CertificateLoadException">No host would have a certificate, or the store cannot be used.</exception>
    public async Task ServeAllAsync(IReadOnlyList<CertificateReading> readings, CancellationToken cancellationToken)
    {
        // 1. Serve what is stored, from the first connection on.
        var stored = await store.LoadAllAsync(readings.Count > 0 ? files.Value.ByHash() : [], cancellationToken);
        var problems = ServeStored(stored);
        await TestStoredAsync(cancellationToken);

        // 2. Install changed files; then self-signed certificates; then, for hosts that still have none, certificates with invalid dates.
        if (readings.Count > 0 || options.Value.Certificates.Files.Count == 0) problems.AddRange(CertificateFilesCheck.Problems(options.Value, readings));
        problems.AddRange(await InstallNewAsync(cancellationToken));
        await ServeLastResortAsync(cancellationToken);

        // 3. Report problems, or fail if no host can be served.
        if (options.Value.Certificates.Source != CertificateSource.Acme && installer.Served.Count == 0 && problems.Count > 0) throw new CertificateLoadException(problems);
        foreach (var reading in readings) await ReportAsync(reading);
        installer.ReportChains();
        foreach (var warning in files.Value.NewlyUnused(installer.Served)) FileWarning(warning);
        if (options.Value.Certificates.Source != CertificateSource.Files) return;
        var reported = refused.All.SelectMany(file => file.Hosts).ToHashSet(StringComparer.Ordinal);
        foreach (var host in options.Value.Hosts.Where(host => !installer.Served.ContainsKey(host) && !reported.Contains(host.Value))) Missing(host);
    }

    /// <summary>The same for a reload: hosts keep the certificate that they are served, and new hosts get one.</summary>
    /// <param name="readings">The results for all files; empty if files and hosts are unchanged.</param>
    /// <param name="before">The hosts of the previous configuration: a host that had no certificate before may remain without one.</param>
    /// <param name="accept">Called once it is certain that no host loses its certificate, before any change of what is served.</param>
    /// <exception cref="CertificateLoadException">A host would have no certificate, or the store cannot be used.</exception>
    public async Task ReloadAsync(IReadOnlyList<CertificateReading> readings, IReadOnlyList<HostName> before, Action accept, CancellationToken cancellationToken)
    {
        var (hosts, served) = (options.Value.Hosts, installer.Served);
        List<HostName> unserved = [.. hosts.Where(host => !served.ContainsKey(host))];
        await store.AdoptAsync(unserved, cancellationToken);
        var stored = await store.LoadAsync(unserved, cancellationToken);
        if (readings.Count > 0) TolerateOrThrow(readings, served.Where(entry => hosts.Contains(entry.Key)).Concat(stored).ToDictionary(), before.Where(host => !served.ContainsKey(host)));
        foreach (var warning in readings.SelectMany(reading => reading.Warnings)) FileWarning(warning);
        accept();
        if (ServeStored(stored) is { Count: > 0 } unservable) throw new CertificateLoadException(unservable);
        var problems = await InstallNewAsync(cancellationToken);
        if (problems.Count > 0) throw new CertificateLoadException(problems);
        foreach (var reading in readings) await ReportAsync(reading);
        installer.ReportChains();
        foreach (var warning in files.Value.NewlyUnused(installer.Served)) FileWarning(warning);
    }

    /// <summary>Serves all stored certificates at once; if that fails, one by one, so that a bad one does not affect others.</summary>
    /// <returns>The problems of those that are not served.</returns>
    List<string> ServeStored(IReadOnlyDictionary<HostName, HostCertificate> stored)
    {
        if (stored.Count == 0 || TryServeStored(stored) is null) return [];
        List<string> problems = [];
        foreach (var (host, served) in stored)
        {
            if (TryServeStored(new Dictionary<HostName, HostCertificate> { [host] = served }) is not { } why) continue;
            problems.Add($"{options.Value.DataDirectory}: the certificate stored for {host} cannot be served: {why}; import another one");
            StoredUnservable(host, served.Credential.SerialNumber, why);
        }

        return problems;
    }

    string? TryServeStored(IReadOnlyDictionary<HostName, HostCertificate> stored)
    {
        try
        {
            installer.ServeStored(stored);
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or CryptographicException or AuthenticationException)
        {
            return e.Message;
        }
    }

    /// <summary>
    /// Stored certificates passed test handshakes when they were installed. With another OpenSSL or TLS policy they may fail now; they are served anyway, because there is no other.
    /// Such a failure is one of all certificates of a kind, so the others are tested only if the first one of their kind fails.
    /// </summary>
    async Task TestStoredAsync(CancellationToken cancellationToken)
    {
        foreach (var kind in installer.Served.GroupBy(entry => entry.Value.Credential.Kind, StringComparer.Ordinal))
        {
            foreach (var (host, served) in kind)
            {
                if (await installer.TestAsync(host, cancellationToken) is not { } why) break;
                StoredUnproved(host, served.Credential.SerialNumber, why);
            }
        }
    }

    /// <returns>The problems of file certificates and self-signed certificates that are not served.</returns>
    async Task<IReadOnlyList<string>> InstallNewAsync(CancellationToken cancellationToken)
    {
        // Install changed files, except those that still contain a revoked certificate.
        List<string> problems = [.. await RejectRevokedAsync(), .. await InstallAsync(files.Value.NewOffers(files.Value.Choose(), installer.Served), RenewalReasons.File, cancellationToken)];

        // Issue self-signed certificates, if allowed, for hosts that no file covers. Certificates from a CA are ordered later by the loop.
        if (!selfSigned.IsAllowed) return problems;
        var fromFiles = files.Value.Choose();
        var configured = options.Value.Hosts.ToHashSet();
        var missing = options.Value.Hosts.Where(host => !installer.Served.ContainsKey(host))
            .Concat(await selfSigned.OfAnotherCaAsync(installer.Served, cancellationToken))
            .Where(host => configured.Contains(host) && !fromFiles.ContainsKey(host));
        var issued = await selfSigned.IssueAsync([.. missing.Distinct()], cancellationToken);
        return [.. problems, .. await InstallAsync(issued, RenewalReasons.Missing, cancellationToken)];
    }

    async Task ServeLastResortAsync(CancellationToken cancellationToken)
    {
        var offers = files.Value.LastResort(installer.Served);
        await InstallAsync(offers, RenewalReasons.File, cancellationToken);
        foreach (var (host, offer) in offers.Where(offer => installer.Served.ContainsKey(offer.Key)))
        {
            ServedUntimely(host, offer.Credential.SerialNumber, offer.Origin, offer.Credential.NotBefore, offer.Credential.NotAfter);
        }
    }

    /// <summary>Records a file as refused if it cannot be used, or as corrected.</summary>
    async Task ReportAsync(CertificateReading reading)
    {
        var early = files.Value.WhyNotYetUsed(reading, installer.Served);
        if (reading.Credential is not null && early is null)
        {
            // A certificate that failed its test handshake has been recorded as refused.
            if (files.Value.IsAccepted(reading.File)) await refused.MendedAsync(reading.File);
            return;
        }

        var hosts = files.Value.HostsOf(reading.File, reading.Names, installer.Served);
        var problem = early ?? reading.Why;
        await refused.RefuseAsync(reading.File, problem, hosts);
        ReportHosts(problem, hosts);
    }

    void ReportHosts(string problem, IReadOnlyCollection<HostName> hosts)
    {
        var (with, without) = (hosts.Where(installer.Served.ContainsKey).ToList(), hosts.Where(host => !installer.Served.ContainsKey(host)).ToList());
        if (with.Count > 0) StoredInstead(problem, string.Join(", ", with));
        if (without.Count > 0) NothingInstead(problem, string.Join(", ", without));
    }

    /// <returns>The problems that leave a host without a certificate.</returns>
    async Task<List<string>> RejectRevokedAsync()
    {
        List<string> problems = [];
        foreach (var (file, offer) in files.Value.RejectAll(revoked.Contains))
        {
            var (problem, hosts) = ($"{offer.Origin}: {revoked.Refusal(offer.Credential)}", options.Value.Hosts.Where(offer.Credential.Covers).ToList());
            await refused.RefuseAsync(file, problem, hosts);
            ReportHosts(problem, hosts);
            if (options.Value.Certificates.Source != CertificateSource.Acme && !hosts.TrueForAll(installer.Served.ContainsKey)) problems.Add(problem);
        }

        return problems;
    }

    void TolerateOrThrow(IReadOnlyList<CertificateReading> readings, IReadOnlyDictionary<HostName, HostCertificate> stored, IEnumerable<HostName> missingAlready)
    {
        var problems = CertificateFilesCheck.Problems(options.Value, readings).ToList();
        if (problems.Count == 0) return;
        var chosen = files.Value.Choose();
        var hosts = readings.Where(reading => reading.Credential is null)
            .SelectMany(reading => files.Value.HostsOf(reading.File, reading.Names, stored))
            .Concat(options.Value.Certificates.Source == CertificateSource.Files ? options.Value.Hosts.Where(host => !chosen.ContainsKey(host)) : [])
            .ToHashSet();
        if (!hosts.Except(missingAlready).All(stored.ContainsKey)) throw new CertificateLoadException(problems);
    }

    Task<IReadOnlyList<string>> InstallAsync(IReadOnlyDictionary<HostName, HostCertificate> changes, string reason, CancellationToken cancellationToken) =>
        InstallAsync([.. changes.GroupBy(change => change.Value.Credential)], Cause(reason), cancellationToken);

    /// <summary>Installs all certificates at once; if that fails, in halves, so that a bad one does not affect others.</summary>
    /// <returns>The problems that leave a host without a certificate.</returns>
    async Task<IReadOnlyList<string>> InstallAsync(List<IGrouping<Credential, KeyValuePair<HostName, HostCertificate>>> certificates, InstallCause cause, CancellationToken cancellationToken)
    {
        var changes = certificates.SelectMany(certificate => certificate).ToDictionary();
        if (changes.Count == 0 || await installer.InstallAsync(changes, cause, cancellationToken) is not { } failure) return [];
        if (certificates.Count > 1)
        {
            var half = certificates.Count / 2;
            return [.. await InstallAsync(certificates[..half], cause, cancellationToken), .. await InstallAsync(certificates[half..], cause, cancellationToken)];
        }

        var offer = changes.Values.First();
        var problem = $"{offer.Origin}: {failure.Why}";
        if (files.Value.Reject(offer) is { } file) await refused.RefuseAsync(file, problem, [.. changes.Keys]);
        else foreach (var host in changes.Keys) metrics.LoadFailed(host);
        ReportHosts(problem, changes.Keys);
        return changes.Keys.All(installer.Served.ContainsKey) ? [] : [problem];
    }

    static InstallCause Cause(string reason) => reason == RenewalReasons.File ? InstallCause.ByFiles : InstallCause.ByLoop(reason);

    [LoggerMessage(1, LogLevel.Error, "{Problem}. {Hosts} goes on with the certificate stored")]
    partial void StoredInstead(string problem, string hosts);

    [LoggerMessage(2, LogLevel.Warning, "{Directory}: another imgw process writes it; until that one ends, changed certificates are served but not stored")]
    partial void ReadOnly(string directory);

    [LoggerMessage(3, LogLevel.Warning, "{Warning}")]
    partial void FileWarning(CertificateProblem warning);

    [LoggerMessage(4, LogLevel.Error, "{Problem}. {Hosts} has no certificate until the file is mended")]
    partial void NothingInstead(string problem, string hosts);

    [LoggerMessage(5, LogLevel.Error, "Edge:Hosts: {Host} has no certificate, and its TLS connections are refused; add a file that covers it, or remove the host")]
    partial void Missing(HostName host);

    [LoggerMessage(6, LogLevel.Error, "{Host}: certificate {Serial} from {Origin} is served although it is valid only from {NotBefore:u} to {NotAfter:u}, because there is no other; replace the file")]
    partial void ServedUntimely(HostName host, string serial, string origin, DateTimeOffset notBefore, DateTimeOffset notAfter);

    [LoggerMessage(7, LogLevel.Error, "{Host}: the stored certificate {Serial} cannot be served: {Why}; import another one")]
    partial void StoredUnservable(HostName host, string serial, string why);

    [LoggerMessage(8, LogLevel.Error, "{Host}: the stored certificate {Serial} is served, but a handshake failed: {Why}; import another one")]
    partial void StoredUnproved(HostName host, string serial, string why);
}
