using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Store;

/// <summary>Of every host, in the storage: what is served, what came before it, and where both came from.</summary>
sealed partial class CertificateStore(
    CertificateConfiguration options, IStorage storage, RevokedCertificates revoked, TimeProvider time, ILogger<CertificateStore> logger)
{
    /// <summary>ENOSPC, as .NET passes it on.</summary>
    const int NoSpace = 28;

    IStorageLease? _writer;

    /// <summary>What is not to be served again, whatever brings it.</summary>
    public RevokedCertificates Revoked => revoked;

    /// <summary>Why this process may not change it, for an operator who asked for that.</summary>
    public string Held => $"{storage.LocationOf("lock")}: is held by another imgw process; ask that one, or stop it";

    /// <summary>Modes repaired.</summary>
    /// <exception cref="CertificateLoadException">The storage cannot be used.</exception>
    public Task OpenAsync(CancellationToken cancellationToken) => GuardAsync(async () =>
    {
        await storage.OpenAsync([StoreKeys.Root, .. options.Value.Hosts.SelectMany(host => StoreKeys.Of(host).All)], cancellationToken);
        var accounts = await storage.ListAsync("accounts", cancellationToken);
        await storage.OpenAsync([.. accounts.Select(key => key[..key.LastIndexOf('/')]).Distinct(), .. accounts], cancellationToken);
    });

    /// <summary>Makes this process one that writes, unless the storage has one writer and that is another.</summary>
    /// <exception cref="CertificateLoadException">The storage cannot be used; this process does not write it.</exception>
    public async Task<bool> TryBecomeWriterAsync(CancellationToken cancellationToken)
    {
        if (storage.IsWriter) return true;
        try
        {
            await GuardAsync(() => BecomeWriterAsync(cancellationToken));
        }
        catch
        {
            await ResignAsync();
            throw;
        }

        return storage.IsWriter;
    }

    /// <summary>Another try is to begin anew: what the process before has stored is not known here.</summary>
    public async Task ResignAsync()
    {
        if (_writer is { } writer) await writer.DisposeAsync();
        _writer = null;
    }

    /// <summary>What is stored for the hosts, for putting it back; nothing where another process writes it.</summary>
    /// <exception cref="CertificateLoadException">It cannot be read.</exception>
    public async Task<StoreBackup> BackupAsync(IEnumerable<HostName> hosts, CancellationToken cancellationToken)
    {
        Dictionary<string, StoredValue?> before = [];
        if (!storage.IsWriter) return new StoreBackup(storage, before);
        await GuardAsync(async () =>
        {
            foreach (var keys in hosts.Select(StoreKeys.Of))
            {
                foreach (var key in (string[])[keys.Previous, keys.Current, keys.State]) before[key] = await storage.ReadAsync(key, cancellationToken);
            }
        });
        return new StoreBackup(storage, before);
    }

    /// <summary>For what <see cref="Revoked"/> has been given: no copy is left here of a key that others may have, but the one that is served.</summary>
    public async Task DestroyCompromisedAsync(CancellationToken cancellationToken)
    {
        if (!storage.IsWriter || !Revoked.HasCompromisedKeys) return;
        var served = options.Value.Hosts.Select(host => StoreKeys.Of(host).Current).ToHashSet(StringComparer.Ordinal);
        foreach (var key in await storage.ListAsync(StoreKeys.Root, cancellationToken))
        {
            if (!key.EndsWith(".pem", StringComparison.Ordinal) || served.Contains(key) || await storage.ReadAsync(key, cancellationToken) is not { } value) continue;
            using var privateKey = PrivateKeyReader.TryRead(storage.LocationOf(key), value.Content);
            // Also a file of which nothing can be said.
            if (privateKey is null || Revoked.IsCompromised(privateKey)) await storage.DeleteAsync(key, cancellationToken);
        }
    }

    /// <summary>Hosts that have come with a reload: what an earlier configuration has left of them, as at start.</summary>
    /// <exception cref="CertificateLoadException">The storage cannot be used.</exception>
    public Task AdoptAsync(IReadOnlyCollection<HostName> hosts, CancellationToken cancellationToken) =>
        GuardAsync(() => storage.OpenAsync([.. hosts.SelectMany(host => StoreKeys.Of(host).All)], cancellationToken).AsTask());

    /// <summary>Of every configured host.</summary>
    /// <exception cref="CertificateLoadException">The storage may not be read.</exception>
    public Task<IReadOnlyDictionary<HostName, ServedCredential>> LoadAllAsync(CancellationToken cancellationToken) => LoadAsync(options.Value.Hosts, cancellationToken);

    /// <exception cref="CertificateLoadException">The storage may not be read.</exception>
    public async Task<IReadOnlyDictionary<HostName, ServedCredential>> LoadAsync(IEnumerable<HostName> hosts, CancellationToken cancellationToken)
    {
        Dictionary<HostName, ServedCredential> all = [];
        await GuardAsync(async () =>
        {
            await Revoked.ReadAsync(cancellationToken);
            foreach (var host in hosts)
            {
                if (await LoadAsync(host, cancellationToken) is { } stored) all[host] = stored;
            }
        });
        return all;
    }

    /// <summary>The current bundle, the previous one if that cannot be used, or null; what is wrong is logged.</summary>
    async Task<ServedCredential?> LoadAsync(HostName host, CancellationToken cancellationToken)
    {
        var keys = StoreKeys.Of(host);
        var state = await ReadStateAsync(host, cancellationToken);
        var contents = await ReadBundleAsync(keys.Current, cancellationToken);
        var current = contents is null ? null : new CertificateFileReader([host], time).Read(contents);
        if (current?.Credential is { } credential)
        {
            if (credential.IsEarly(time.GetUtcNow())) ServedEarly(host, credential.SerialNumber, credential.NotBefore, time.GetUtcNow());
            var before = await LeafOfAsync(keys.Previous, PreviousOf, cancellationToken);
            return StoredState.Describe(credential, state) with { Previous = before?.SerialNumber == credential.SerialNumber ? null : before };
        }

        var previous = await ReadPreviousAsync(host, cancellationToken);
        if (current is null && previous is null) return null;
        if (previous?.Credential is null && contents is not null && Expired(host, contents) is { } expired) return StoredState.Describe(expired, state);
        var problems = string.Join(" · ", current?.Problems ?? [new(storage.LocationOf(keys.Current), "does not exist", "restore it from a backup")]);
        if (previous?.Credential is not { } older)
        {
            Unusable(host, problems);
            return null;
        }

        FellBack(host, problems, older.SerialNumber);
        // A sound one that has expired, say, is worth keeping.
        if (storage.IsWriter && (current is null || current.Names.Count == 0)) await RepairAsync(keys, cancellationToken);
        return StoredState.Describe(older, state);
    }

    /// <summary>The bundle before the current one, checked as a file is; null where there is none.</summary>
    public async Task<CertificateReading?> ReadPreviousAsync(HostName host, CancellationToken cancellationToken) =>
        await ReadBundleAsync(StoreKeys.Of(host).Previous, cancellationToken) is { } contents ? new CertificateFileReader([host], time).Read(contents) : null;

    public async Task<ServedCredential> DescribeAsync(HostName host, Tls.Credential previous, CancellationToken cancellationToken) =>
        StoredState.Describe(previous, await ReadStateAsync(host, cancellationToken));

    /// <summary>Stages new bundles, of all hosts or of none.</summary>
    /// <param name="lease">That of the order which has brought it; null where none has.</param>
    /// <returns>Null where another process writes the storage: nothing is kept.</returns>
    /// <exception cref="IOException">The disk does not take them.</exception>
    /// <exception cref="UnauthorizedAccessException">The storage may not be written to.</exception>
    public async Task<IStagedWrite?> StageAsync(IReadOnlyDictionary<HostName, ServedCredential> changes, IStorageLease? lease, CancellationToken cancellationToken)
    {
        if (!storage.IsWriter) return null;
        List<StorageChange> writes = [];
        foreach (var (host, served) in changes)
        {
            var keys = StoreKeys.Of(host);
            var (current, state) = (await storage.ReadAsync(keys.Current, cancellationToken), await storage.ReadAsync(keys.State, cancellationToken));
            // At every moment the current bundle is whole, and what it held last is in it or in the previous one; the state comes last and says of what it speaks.
            if (current is not null && !await IsRevokedAsync(host, cancellationToken)) writes.Add(new StorageChange(keys.Previous, current.Content));
            writes.Add(new StorageChange(keys.Current, Bundle(served), current?.Version ?? StoredValue.Absent));
            writes.Add(new StorageChange(keys.State, StoredState.Of(served, state is null ? null : StoredState.Parse(state.Content)).ToBytes(), state?.Version ?? StoredValue.Absent));
        }

        return await storage.StageAsync(writes, lease, cancellationToken);
    }

    /// <summary>Whether what the host has now was revoked, by an operator or as its CA says: it is not to become the previous certificate.</summary>
    public async Task<bool> IsRevokedAsync(HostName host, CancellationToken cancellationToken)
    {
        var isByCa = await ReadStateAsync(host, cancellationToken) is { Renewal: { Revoked: true } renewal } state && renewal.CertificateSha256 == state.CertificateSha256;
        return isByCa || await LeafOfAsync(StoreKeys.Of(host).Current, Revoked.Contains, cancellationToken);
    }

    /// <summary>The certificate stays; where it comes from has changed.</summary>
    public async Task SaveStateAsync(HostName host, ServedCredential served, CancellationToken cancellationToken)
    {
        var old = await ReadStateAsync(host, cancellationToken);
        await WriteAsync(StoreKeys.Of(host).State, (StoredState.Of(served, old?.Previous) with { Renewal = old?.Renewal }).ToBytes(), cancellationToken);
    }

    /// <summary>How the host's next certificate is coming along.</summary>
    public async Task SaveRenewalAsync(HostName host, RenewalState renewal, CancellationToken cancellationToken)
    {
        if (!storage.IsWriter) return;
        await WriteAsync(StoreKeys.Of(host).State, ((await ReadStateAsync(host, cancellationToken) ?? StoredState.None) with { Renewal = renewal }).ToBytes(), cancellationToken);
    }

    /// <summary>Null where nothing is known, or it was lost.</summary>
    public async Task<RenewalState?> ReadRenewalAsync(HostName host, CancellationToken cancellationToken) => (await ReadStateAsync(host, cancellationToken))?.Renewal;

    /// <summary>SHA-256 of the certificate that is stored; null where that is not known.</summary>
    public async Task<string?> ReadFingerprintAsync(HostName host, CancellationToken cancellationToken) => (await ReadStateAsync(host, cancellationToken))?.CertificateSha256;

    /// <summary>Key and chain of what is served.</summary>
    public string CurrentPath(HostName host) => storage.LocationOf(StoreKeys.Of(host).Current);

    /// <summary>The host's order under way.</summary>
    public PendingOrderFile PendingOrder(HostName host) => new(storage, StoreKeys.Of(host).Pending);

    /// <summary>No copy of the key before the current one is left here.</summary>
    public async Task DestroyPreviousAsync(HostName host, CancellationToken cancellationToken)
    {
        if (storage.IsWriter) await storage.DeleteAsync(StoreKeys.Of(host).Previous, cancellationToken);
    }

    /// <summary>Null where there is none that can be read.</summary>
    public async Task<byte[]?> ReadStapleAsync(HostName host, CancellationToken cancellationToken)
    {
        try
        {
            return (await storage.ReadAsync(StoreKeys.Of(host).Staple, cancellationToken))?.Content;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <exception cref="IOException">The disk does not take it.</exception>
    /// <exception cref="UnauthorizedAccessException">The storage may not be written to.</exception>
    public async Task SaveStapleAsync(HostName host, byte[] response, CancellationToken cancellationToken)
    {
        // Where the host has a certificate stored: otherwise another process is about to store one.
        if (await storage.ReadAsync(StoreKeys.Of(host).Current, cancellationToken) is not null) await WriteAsync(StoreKeys.Of(host).Staple, response, cancellationToken);
    }

    async Task BecomeWriterAsync(CancellationToken cancellationToken)
    {
        _writer = await storage.TryLeaseAsync(IStorage.Writer, cancellationToken);
        if (_writer is null) return;
        await Revoked.ReadAsync(cancellationToken);
        await DestroyCompromisedAsync(cancellationToken);
    }

    /// <summary>A damaged bundle is kept for inspection, and the previous one becomes the current one.</summary>
    async Task RepairAsync(StoreKeys keys, CancellationToken cancellationToken)
    {
        List<StorageChange> changes = [];
        if (await storage.ReadAsync(keys.Current, cancellationToken) is { } damaged) changes.Add(new StorageChange(keys.Damaged, damaged.Content));
        if (await storage.ReadAsync(keys.Previous, cancellationToken) is { } previous) changes.Add(new StorageChange(keys.Current, previous.Content));
        await storage.WriteAsync(changes, lease: null, cancellationToken);
    }

    /// <summary>Nothing is kept where another process writes the storage.</summary>
    async Task WriteAsync(string key, byte[] content, CancellationToken cancellationToken)
    {
        if (storage.IsWriter) await storage.WriteAsync(key, content, cancellationToken);
    }

    static byte[] Bundle(ServedCredential served) => Encoding.ASCII.GetBytes(
        served.Credential.Leaf.KeyPem() + "\n" + string.Concat(served.Credential.Delivered.Select(certificate => certificate.ExportCertificatePem() + "\n")));

    async Task<StoredState?> ReadStateAsync(HostName host, CancellationToken cancellationToken) =>
        await storage.ReadAsync(StoreKeys.Of(host).State, cancellationToken) is { } value ? StoredState.Parse(value.Content) : null;

    /// <summary>Null where there is none; one that cannot be read is one with a problem.</summary>
    async Task<FileContents?> ReadBundleAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            return await storage.ReadAsync(key, cancellationToken) is { } value ? FileContents.Of(storage.LocationOf(key), value.Content) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return FileContents.Unreadable(storage.LocationOf(key), e);
        }
    }

    /// <summary>
    /// A certificate that is sound but for its age, where a CA is being asked for the next one or a file is to bring it: some clients can be talked into it, and
    /// none into no certificate at all.
    /// </summary>
    Tls.Credential? Expired(HostName host, FileContents contents)
    {
        if (options.Value.Certificates.Source == CertificateSource.SelfSigned || LeafOf(contents.Certificate, PreviousOf)?.NotAfter is not { } end || end >= time.GetUtcNow()) return null;
        var credential = new CertificateFileReader([host], new StoppedClock(end)).Read(contents).Credential;
        if (credential is not null) ServedExpired(host, credential.SerialNumber, end);
        return credential;
    }

    static PreviousCertificate PreviousOf(X509Certificate2 leaf) => new(leaf.SerialNumber, new DateTimeOffset(leaf.NotAfter.ToUniversalTime()));

    /// <summary>The default where there is none that can be read.</summary>
    async Task<T?> LeafOfAsync<T>(string key, Func<X509Certificate2, T> of, CancellationToken cancellationToken) =>
        await storage.ReadAsync(key, cancellationToken) is { } value ? LeafOf(value.Content, of) : default;

    static T? LeafOf<T>(byte[] bundle, Func<X509Certificate2, T> of)
    {
        IReadOnlyList<X509Certificate2> certificates = [];
        try
        {
            certificates = PemDocument.Parse(bundle).Certificates;
            return certificates is [var leaf, ..] ? of(leaf) : default;
        }
        catch (CryptographicException)
        {
            return default;
        }
        finally
        {
            foreach (var certificate in certificates) certificate.Dispose();
        }
    }

    async Task GuardAsync(Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (PrivateModesException e)
        {
            throw new CertificateLoadException([e.Message]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var remedy = e.HResult == NoSpace ? "free space on its disk" : $"make DataDirectory readable and writable for the user {Environment.UserName}";
            throw new CertificateLoadException([$"{options.Value.DataDirectory}: cannot be used: {e.Message.TrimEnd('.')}; {remedy}"]);
        }
    }

    [LoggerMessage(1, LogLevel.Error, "{Host}: the stored certificate cannot be used: {Why}. The previous one, {Serial}, takes its place")]
    partial void FellBack(HostName host, string why, string serial);

    [LoggerMessage(2, LogLevel.Error, "{Host}: the stored certificate {Serial} expired at {NotAfter:u} and is served all the same, until the next one is there")]
    partial void ServedExpired(HostName host, string serial, DateTimeOffset notAfter);

    [LoggerMessage(4, LogLevel.Warning, "{Host}: the stored certificate {Serial} is not valid before {NotBefore:u} and is served all the same, because the clock here ({Now:u}) may be wrong: correct it, or wait until then")]
    partial void ServedEarly(HostName host, string serial, DateTimeOffset notBefore, DateTimeOffset now);

    [LoggerMessage(5, LogLevel.Warning, "{Host}: the stored certificate cannot be used: {Why}")]
    partial void Unusable(HostName host, string why);
}
