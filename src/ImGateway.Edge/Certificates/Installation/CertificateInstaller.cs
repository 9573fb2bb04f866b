using System.Collections.Concurrent;
using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Installation;

/// <summary>Installs new certificates from every source: stage, publish, test handshakes, commit. If a step fails, nothing has changed.</summary>
sealed partial class CertificateInstaller(
    CurrentCertificateOptions options,
    StoreWriter writer,
    RevokedCertificates revoked,
    ServerCertificateSelector selector,
    HandshakeTest handshakeTest,
    CertificateMetrics metrics,
    CertificateAudit audit,
    TimeProvider time,
    ILogger<CertificateInstaller> logger)
{
    readonly CertificateSwap _swap = new(selector, handshakeTest, time);
    readonly Dictionary<HostName, Credential> _chainsReported = [];
    volatile IReadOnlyDictionary<HostName, HostCertificate> _served = new Dictionary<HostName, HostCertificate>();

    /// <summary>A snapshot: the table is never changed in place.</summary>
    public IReadOnlyDictionary<HostName, HostCertificate> Served => _served;

    /// <summary>Hosts whose certificate was replaced, for the one consumer, <see cref="OnChangeHook"/>.</summary>
    public ConcurrentQueue<HostName> Changed { get; } = [];

    /// <summary>Serves stored certificates without test handshakes, which they passed when they were installed.</summary>
    /// <exception cref="InvalidOperationException">A complete chain would not be sent; nothing has changed.</exception>
    public void ServeStored(IReadOnlyDictionary<HostName, HostCertificate> stored)
    {
        var table = Overlay(stored);
        selector.Publish(Credentials(table));
        Announce(table, cause: null);
    }

    /// <summary>Makes a test handshake for a host. Null if it succeeded, otherwise the problem.</summary>
    public async Task<string?> TestAsync(HostName host, CancellationToken cancellationToken)
    {
        try
        {
            return await _swap.TestAsync(host, _served[host].Credential, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return e.Message;
        }
    }

    /// <summary>Installs certificates that were not ordered: from files, operators, or the development CA.</summary>
    public Task<InstallFailure?> InstallAsync(
        IReadOnlyDictionary<HostName, HostCertificate> changes, InstallCause cause, CancellationToken cancellationToken) => InstallAsync(changes, cause, lease: null, cancellationToken);

    /// <summary>Installs certificates for all hosts of <paramref name="changes"/> or for none. Null if they are served, otherwise the problem.</summary>
    /// <param name="changes">The certificates, which have passed the checks of files.</param>
    /// <param name="lease">The lease of the order; null if the certificates were not ordered.</param>
    public async Task<InstallFailure?> InstallAsync(
        IReadOnlyDictionary<HostName, HostCertificate> changes, InstallCause cause, IStorageLease? lease, CancellationToken cancellationToken)
    {
        // 0. Refuse what must not be installed, from whatever source.
        if (InstallRules.Refusal(changes, _served, revoked, cause.IsRollback, time.GetUtcNow()) is { } refusal) return refusal;
        Dictionary<HostName, HostCertificate> next = [];
        foreach (var (host, offer) in changes) next[host] = await WithPreviousAsync(host, offer, cancellationToken);
        var swaps = next.Where(entry => IsNew(entry.Key, entry.Value)).ToDictionary();
        try
        {
            // 1. Stage the write: if the disk is full, that is known before anything is served.
            await using var saved = await writer.StageAsync(swaps, lease, cancellationToken);

            // 2. Publish, and make test handshakes.
            var table = Overlay(next);
            EndSessionsOfCompromised(swaps.Keys);
            if (swaps.Count > 0 && await _swap.TryAsync(Credentials(table), cancellationToken) is { } why) return new(why, IsStorage: false);

            // 3. Commit.
            await CommitAsync(saved, next.Where(entry => !swaps.ContainsKey(entry.Key)), cancellationToken);

            // 4. Metrics, log, audit log.
            await audit.ChangedAsync(Announce(table, cause).Select(change => (change.Host, change.Old, table[change.Host])), cause);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new($"cannot be saved: {e.Message.TrimEnd('.')}; see to the space in DataDirectory and to its owner", IsStorage: true);
        }
    }

    /// <summary>Serves a certificate that another edge has stored, after a test handshake.</summary>
    /// <returns>Null, or why the previous certificate is still served.</returns>
    public async Task<string?> AdoptAsync(HostName host, HostCertificate stored, CancellationToken cancellationToken)
    {
        if (revoked.Refusal(stored.Credential) is { } refusal) return refusal;
        if (_served.TryGetValue(host, out var old) && old.Credential.HasSameCertificates(stored.Credential)) return null;
        var table = Overlay([KeyValuePair.Create(host, stored)]);
        EndSessionsOfCompromised([host]);
        if (await _swap.TryAsync(Credentials(table), cancellationToken) is { } why) return why;
        Announce(table, InstallCause.ByAnotherEdge);
        return null;
    }

    /// <summary>Deletes the previous certificate, which was revoked, with its key, so that it cannot be rolled back to.</summary>
    public async Task ForgetPreviousAsync(HostName host, CancellationToken cancellationToken)
    {
        await writer.DestroyPreviousAsync(host, cancellationToken);
        _served = Overlay([KeyValuePair.Create(host, _served[host] with { Previous = null })]);
    }

    /// <summary>Stops serving all other hosts. What is stored for them is kept, and so are their metrics, until the reload has succeeded.</summary>
    public void Retain(IReadOnlyList<HostName> hosts)
    {
        var retained = hosts.ToHashSet();
        Replace(_served.Where(entry => retained.Contains(entry.Key)).ToDictionary());
    }

    /// <summary>Restores what was served before a failed change.</summary>
    /// <param name="served">The value of <see cref="Served"/> before the change.</param>
    public async Task RestoreAsync(IReadOnlyDictionary<HostName, HostCertificate> served)
    {
        foreach (var (host, taken) in _served)
        {
            var before = served.GetValueOrDefault(host)?.Credential;
            if (taken.Credential != before) await audit.TakenBackAsync(host, taken.Credential, before);
        }

        foreach (var host in _served.Keys.Where(host => !served.ContainsKey(host))) metrics.Forget(host);
        Replace(served);
        foreach (var (host, credential) in served) metrics.Served(host, credential);
    }

    /// <summary>Warns of served chains that may not lead to a root. Called after a start, which may have replaced stored certificates at once.</summary>
    public void ReportChains()
    {
        foreach (var (host, served) in _served) ReportChain(host, served);
    }

    /// <summary>Updates metrics that depend on the options, after a reload.</summary>
    public void RefreshMetrics() => Announce(_served, cause: null);

    void Replace(IReadOnlyDictionary<HostName, HostCertificate> served)
    {
        _served = served;
        selector.Publish(Credentials(served));
    }

    async Task CommitAsync(IStagedWrite? saved, IEnumerable<KeyValuePair<HostName, HostCertificate>> sameAsBefore, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var (host, served) in sameAsBefore) await writer.SaveOriginAsync(host, served, cancellationToken);
            if (saved is not null) await saved.CommitAsync(cancellationToken);
        }
        catch
        {
            selector.Publish(Credentials(_served));
            throw;
        }
    }

    /// <summary>A client that resumed a session would not see that the certificate is another one.</summary>
    void EndSessionsOfCompromised(IEnumerable<HostName> hosts)
    {
        foreach (var host in hosts)
        {
            if (_served.TryGetValue(host, out var old) && revoked.IsCompromised(old.Credential)) selector.EndSessions(host);
        }
    }

    bool IsNew(HostName host, HostCertificate served) => !_served.TryGetValue(host, out var old) || old.Credential != served.Credential;

    /// <summary>If the host serves the same certificate already, only the origin changes; otherwise sets the previous certificate.</summary>
    async Task<HostCertificate> WithPreviousAsync(HostName host, HostCertificate offer, CancellationToken cancellationToken)
    {
        if (!_served.TryGetValue(host, out var old)) return offer with { InstalledAt = time.GetUtcNow() };
        return old.Credential.HasSameCertificates(offer.Credential)
            ? offer with { Credential = old.Credential, InstalledAt = old.InstalledAt, Previous = old.Previous }
            : offer with { InstalledAt = time.GetUtcNow(), Previous = await writer.IsRevokedAsync(host, cancellationToken) ? null : new(old.Credential.SerialNumber, old.Credential.NotAfter) };
    }

    Dictionary<HostName, HostCertificate> Overlay(IEnumerable<KeyValuePair<HostName, HostCertificate>> changes)
    {
        var table = _served.ToDictionary();
        foreach (var (host, served) in changes) table[host] = served;
        return table;
    }

    /// <summary>Updates metrics and log for a published table.</summary>
    /// <param name="cause">Null at start, when nothing has been replaced.</param>
    /// <returns>The hosts whose certificate has changed, with the previous one.</returns>
    List<(HostName Host, Credential? Old)> Announce(IReadOnlyDictionary<HostName, HostCertificate> table, InstallCause? cause)
    {
        var before = _served;
        _served = table;
        List<(HostName, Credential?)> changed = [];
        foreach (var (host, served) in table)
        {
            var isKnown = before.TryGetValue(host, out var old);
            if (cause is not null && served == old) continue;
            metrics.Served(host, served);
            // For an unchanged host, keep the time in the metric: ARI or a failed attempt may have moved it.
            if (cause is null || old is null || old.Credential != served.Credential || IsFile(old) != IsFile(served))
                metrics.NextRenewal(host, NextAction.Of(served, state: null, options.Value, time.GetUtcNow()) is { Action: NextAction.Renew, At: var at } ? at : null);
            if (cause is not null) ReportChain(host, served);
            if (!isKnown)
            {
                Loaded(host, served.Credential.SerialNumber, served.Credential.NotAfter, served.Origin);
                if (cause is null) continue;
                // The first certificate from a file is not a renewal.
                if (served.Source != HostCertificate.Files && !cause.IsElsewhere) metrics.Renewed(host, cause.Reason);
                changed.Add((host, null));
            }
            else if (cause is not null && !old!.Credential.HasSameCertificates(served.Credential))
            {
                metrics.Swapped(host);
                if (!cause.IsElsewhere) metrics.Renewed(host, cause.Reason);
                changed.Add((host, old.Credential));
                Swapped(host, old.Credential.SerialNumber, served.Credential.SerialNumber, served.Credential.NotAfter, served.Origin);
            }
        }

        foreach (var (host, _) in changed) Changed.Enqueue(host);
        return changed;
    }

    void ReportChain(HostName host, HostCertificate served)
    {
        if (_chainsReported.GetValueOrDefault(host) == served.Credential) return;
        _chainsReported[host] = served.Credential;
        if (ChainWarning.Of(served) is { } warning) ChainLacksLink(host, warning);
    }

    static bool IsFile(HostCertificate served) => served.Source == HostCertificate.Files;

    static Dictionary<HostName, Credential> Credentials(IReadOnlyDictionary<HostName, HostCertificate> table) =>
        table.ToDictionary(entry => entry.Key, entry => entry.Value.Credential);

    [LoggerMessage(1, LogLevel.Information, "{Host}: serving certificate {Serial}, valid until {NotAfter:u}, from {Origin}")]
    partial void Loaded(HostName host, string serial, DateTimeOffset notAfter, string origin);

    [LoggerMessage(2, LogLevel.Warning, "{Host}: {Warning}")]
    partial void ChainLacksLink(HostName host, CertificateProblem warning);

    [LoggerMessage(3, LogLevel.Information, "{Host}: certificate {OldSerial} replaced by {NewSerial}, valid until {NotAfter:u}, from {Origin}")]
    partial void Swapped(HostName host, string oldSerial, string newSerial, DateTimeOffset notAfter, string origin);
}
