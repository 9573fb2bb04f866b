using System.Runtime.ExceptionServices;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Store;

/// <summary>Writes the stored certificates of all hosts. Where the storage allows only one writing process, it holds that process' lease.</summary>
sealed class StoreWriter(CurrentCertificateOptions options, IStorage storage, RevokedCertificates revoked)
{
    IStorageLease? _writer;

    /// <summary>The message for an operator whose change this process may not write.</summary>
    public string LockedMessage => $"{storage.LocationOf("lock")}: is held by another imgw process; ask that one, or stop it";

    /// <summary>Makes this process a writer, unless the storage allows only one and another process is it.</summary>
    /// <exception cref="CertificateLoadException">The storage cannot be used; this process is not a writer.</exception>
    public async Task<bool> TryBecomeWriterAsync(CancellationToken cancellationToken)
    {
        if (storage.IsWriter) return true;
        try
        {
            await CertificateLoadException.GuardAsync(options.Value, () => BecomeWriterAsync(cancellationToken));
        }
        catch
        {
            await ResignAsync();
            throw;
        }

        return storage.IsWriter;
    }

    /// <summary>Gives up the writer's lease. The next attempt starts from the beginning, because another process may have written in between.</summary>
    public async Task ResignAsync()
    {
        if (_writer is { } writer) await writer.DisposeAsync();
        _writer = null;
    }

    /// <summary>Deletes all copies of compromised keys, except those in use. Called after an addition to <see cref="RevokedCertificates"/>.</summary>
    /// <exception cref="IOException">A copy cannot be read or deleted; the others are deleted.</exception>
    /// <exception cref="UnauthorizedAccessException">Access to a copy is denied; the others are deleted.</exception>
    public async Task DestroyCompromisedAsync(CancellationToken cancellationToken)
    {
        if (!storage.IsWriter || !revoked.HasCompromisedKeys) return;
        var served = options.Value.Hosts.Select(host => StoreKeys.Of(host).Current).ToHashSet(StringComparer.Ordinal);
        Exception? failure = null;
        foreach (var key in await storage.ListAsync(StoreKeys.Root, cancellationToken))
        {
            try
            {
                if (key.EndsWith(".pem", StringComparison.Ordinal) && !served.Contains(key)) await DestroyIfCompromisedAsync(key, cancellationToken);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                failure ??= e;
            }
        }

        if (failure is not null) ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>Stages new bundles; they are committed for all hosts or for none.</summary>
    /// <param name="lease">The lease of the order that issued them; null for other sources.</param>
    /// <returns>Null if another process writes the storage, so that nothing is stored.</returns>
    /// <exception cref="IOException">The bundles cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Access to the storage is denied.</exception>
    public async Task<IStagedWrite?> StageAsync(IReadOnlyDictionary<HostName, HostCertificate> changes, IStorageLease? lease, CancellationToken cancellationToken)
    {
        if (!storage.IsWriter) return null;
        List<StorageChange> writes = [];
        foreach (var (host, served) in changes)
        {
            var keys = StoreKeys.Of(host);
            var (current, state) = (await storage.ReadAsync(keys.Current, cancellationToken), await storage.ReadAsync(keys.State, cancellationToken));
            // Order of the commit, in case of a crash: the previous bundle before the current one, and last the state, which names its certificate.
            if (current is not null && !await IsRevokedAsync(host, cancellationToken)) writes.Add(new StorageChange(keys.Previous, current.Content));
            writes.Add(new StorageChange(keys.Current, StoredBundle.ToBytes(served.Credential), current?.Version ?? StoredValue.Absent));
            writes.Add(new StorageChange(keys.State, StoredMetadata.Of(served, state is null ? null : StoredMetadata.Parse(state.Content)).ToBytes(), state?.Version ?? StoredValue.Absent));
        }

        return await storage.StageAsync(writes, lease, cancellationToken);
    }

    /// <summary>Whether the current certificate was revoked, by an operator or according to its CA: it must not become the previous certificate.</summary>
    public async Task<bool> IsRevokedAsync(HostName host, CancellationToken cancellationToken)
    {
        var isByCa = await StoredMetadata.ReadAsync(storage, host, cancellationToken) is { Renewal: { Revoked: true } renewal } metadata && renewal.CertificateSha256 == metadata.CertificateSha256;
        return isByCa || (!revoked.IsEmpty && await StoredBundle.LeafOfAsync(storage, StoreKeys.Of(host).Current, revoked.Contains, cancellationToken));
    }

    /// <summary>Stores a new origin of an unchanged certificate.</summary>
    public async Task SaveOriginAsync(HostName host, HostCertificate served, CancellationToken cancellationToken)
    {
        if (!storage.IsWriter) return;
        await StoredMetadata.ChangeAsync(storage, host, current => StoredMetadata.Of(served, current?.Previous) with { Renewal = current?.Renewal }, cancellationToken);
    }

    /// <summary>Deletes the previous certificate with its key.</summary>
    public async Task DestroyPreviousAsync(HostName host, CancellationToken cancellationToken)
    {
        if (storage.IsWriter) await storage.DeleteAsync(StoreKeys.Of(host).Previous, cancellationToken);
    }

    async Task DestroyIfCompromisedAsync(string key, CancellationToken cancellationToken)
    {
        if (await storage.ReadAsync(key, cancellationToken) is not { } value) return;
        using var privateKey = PrivateKeyReader.TryRead(storage.LocationOf(key), value.Content);
        // A file whose key cannot be read may contain a compromised one.
        if (privateKey is null || revoked.IsCompromised(privateKey)) await storage.DeleteAsync(key, cancellationToken);
    }

    async Task BecomeWriterAsync(CancellationToken cancellationToken)
    {
        _writer = await storage.TryLeaseAsync(IStorage.Writer, cancellationToken);
        if (_writer is null) return;
        await revoked.ReadAsync(cancellationToken);
        await DestroyCompromisedAsync(cancellationToken);
    }
}
