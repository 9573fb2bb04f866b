using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Stapling;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates;

/// <summary>The stored certificates, for verbs while no edge is running. An edge serves the changes from its next start on.</summary>
public sealed class OfflineCertificates(EdgeOptions options, TimeProvider time, ILoggerFactory loggers)
{
    readonly CurrentCertificateOptions _current = new(options);

    /// <summary>One entry for each configured host that has a certificate. Read-only, so it can be called while an edge is running.</summary>
    /// <exception cref="CertificateLoadException">The store may not be read.</exception>
    public async Task<IReadOnlyList<OverviewEntry>> ReadAsync(CancellationToken cancellationToken)
    {
        using var storage = FileStorage.In(options, time, loggers);
        var revoked = RevokedIn(storage);
        var (renewals, staples) = (new StoredRenewals(storage), new StoredStaples(storage));
        var stored = await StoreIn(storage, revoked).LoadAllAsync(cancellationToken);
        Dictionary<HostName, (RenewalState? Renewal, byte[]? Staple)> more = [];
        foreach (var (host, served) in stored) more[host] = (await RenewalOfAsync(renewals, revoked, host, served, cancellationToken), await staples.ReadAsync(host, cancellationToken));
        return
        [
            .. from managed in OverviewEntry.ListOf(stored, host => more[host].Renewal, options, time)
               let ocsp = OcspTarget.Of(managed.Credential)?.StateBy(more[managed.Host].Staple, time.GetUtcNow()) ?? OcspState.NotOffered
               select managed with { Ocsp = ocsp },
        ];
    }

    /// <summary>As <see cref="OperatorInstalls.ImportAsync"/>.</summary>
    /// <exception cref="CertificateLoadException">The store cannot be used.</exception>
    internal Task<InstallResult> ImportAsync(
        string certificatePem, string keyPem, string? chainPem, string? password, string who, ITlsEngine engine, CancellationToken cancellationToken)
    {
        var contents = FileContents.Of(certificatePem, keyPem, chainPem, password is null ? null : new Secret(password));
        return InstallAsync(
            new InstallCause(RenewalReasons.Manual, who), (_, served) => Task.FromResult(ProposedInstall.Import(contents, who, options, time, served)), engine, cancellationToken);
    }

    /// <summary>As <see cref="OperatorInstalls.RollbackAsync"/>.</summary>
    /// <param name="name">A configured host, or the name of its certificate in the store.</param>
    /// <exception cref="CertificateLoadException">The store cannot be used.</exception>
    internal Task<InstallResult> RollbackAsync(string name, ITlsEngine engine, CancellationToken cancellationToken) => InstallAsync(
        new InstallCause(RenewalReasons.Manual, Environment.UserName) { IsRollback = true },
        (store, served) => ProposedInstall.RollbackAsync(name, options, store, served, cancellationToken), engine, cancellationToken);

    RevokedCertificates RevokedIn(IStorage storage) => new(storage, time, loggers.CreateLogger<RevokedCertificates>());

    CertificateStore StoreIn(IStorage storage, RevokedCertificates revoked) => new(_current, storage, revoked, time, loggers.CreateLogger<CertificateStore>());

    /// <summary>Null if the stored state is about another certificate.</summary>
    static async Task<RenewalState?> RenewalOfAsync(
        StoredRenewals renewals, RevokedCertificates revoked, HostName host, HostCertificate served, CancellationToken cancellationToken)
    {
        var known = await renewals.ReadAsync(host, cancellationToken) is { } state && state.CertificateSha256 == served.Credential.Fingerprint ? state : null;
        return revoked.Contains(served.Credential) ? (known ?? RenewalState.For(served.Credential.Fingerprint)) with { Revoked = true } : known;
    }

    async Task<InstallResult> InstallAsync(
        InstallCause cause, Func<CertificateStore, IReadOnlyDictionary<HostName, HostCertificate>, Task<ProposedInstall>> prepare, ITlsEngine engine, CancellationToken cancellationToken)
    {
        using var storage = FileStorage.In(options, time, loggers);
        var revoked = RevokedIn(storage);
        var (store, writer) = (StoreIn(storage, revoked), new StoreWriter(_current, storage, revoked));
        await store.OpenAsync(cancellationToken);
        if (!await writer.TryBecomeWriterAsync(cancellationToken)) return InstallResult.Failed(writer.LockedMessage);
        var served = await store.LoadAllAsync(cancellationToken);
        var proposal = await prepare(store, served);
        if (proposal.Problems.Count > 0) return proposal.Result(served);
        if (InstallRules.Refusal(proposal.Changes, served, revoked, cause.IsRollback, time.GetUtcNow()) is { } refusal) return InstallResult.Failed(refusal.Why);

        // The test handshakes of a running edge.
        var credentials = proposal.Changes.ToDictionary(entry => entry.Key, entry => entry.Value.Credential);
        if (await CertificateSwap.DryRunAsync(credentials, options, engine, time, cancellationToken) is { } failure)
        {
            return InstallResult.Failed($"{string.Join(", ", credentials.Keys)}: {failure}; what was stored before still is");
        }

        try
        {
            // A certificate that is stored already is not written again: it would become its own previous certificate.
            var news = proposal.Changes
                .Where(entry => !served.TryGetValue(entry.Key, out var old) || !old.Credential.HasSameCertificates(entry.Value.Credential))
                .ToDictionary(entry => entry.Key, entry => entry.Value with { InstalledAt = time.GetUtcNow() });
            await using var saved = await writer.StageAsync(news, lease: null, cancellationToken);
            if (saved is not null) await saved.CommitAsync(cancellationToken);
            var log = new CertificateAudit(storage, new AuditLog(storage, loggers.CreateLogger(AuditLog.Category), () => options.Audit), _current, time);
            await log.ChangedAsync(news.Select(entry => (entry.Key, served.GetValueOrDefault(entry.Key)?.Credential, entry.Value)), cause);
            return proposal.Result(served);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return InstallResult.Failed($"{options.DataDirectory}: cannot be written to: {e.Message.TrimEnd('.')}; see to its space and its owner");
        }
    }
}
