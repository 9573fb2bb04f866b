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

/// <summary>The stored certificates of all hosts: the current one, the previous one, and where both came from.</summary>
sealed partial class CertificateStore(
    CertificateConfiguration options, IStorage storage, RevokedCertificates revoked, TimeProvider time, ILogger<CertificateStore> logger)
{
    /// <summary>ENOSPC, which .NET passes on in HResult.</summary>
    const int NoSpace = 28;

    IStorageLease? _writer;

    /// <summary>Certificates and keys that must not be served again, from whatever source.</summary>
    public RevokedCertificates Revoked => revoked;

    /// <summary>The message for an operator whose change this process may not write.</summary>
    public string Held => $"{storage.LocationOf("lock")}: is held by another imgw process; ask that one, or stop it";

    /// <summary>Checks that the storage can be used, and repairs file modes.</summary>
    /// <exception cref="CertificateLoadException">The storage cannot be used.</exception>
    public Task OpenAsync(CancellationToken cancellationToken) => GuardAsync(async () =>
    {
        await storage.OpenAsync([StoreKeys.Root, .. options.Value.Hosts.SelectMany(host => StoreKeys.Of(host).All)], cancellationToken);
        var accounts = await storage.ListAsync("accounts", cancellationToken);
        await storage.OpenAsync([.. accounts.Select(key => key[..key.LastIndexOf('/')]).Distinct(), .. accounts], cancellationToken);
    });

    /// <summary>Makes this process a writer, unless the storage allows only one and another process is it.</summary>
    /// <exception cref="CertificateLoadException">The storage cannot be used; this process is not a writer.</exception>
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

    /// <summary>Gives up the writer's lease. The next attempt starts from the beginning, because another process may have written in between.</summary>
    public async Task ResignAsync()
    {
        if (_writer is { } writer) await writer.DisposeAsync();
        _writer = null;
    }

    /// <summary>Reads what is stored for the hosts, to restore it if a change fails; empty if another process writes the storage.</summary>
    /// <exception cref="CertificateLoadException">The storage cannot be read.</exception>
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

    /// <summary>Deletes all copies of compromised keys, except those in use. Called after an addition to <see cref="Revoked"/>.</summary>
    public async Task DestroyCompromisedAsync(CancellationToken cancellationToken)
    {
        if (!storage.IsWriter || !Revoked.HasCompromisedKeys) return;
        var served = options.Value.Hosts.Select(host => StoreKeys.Of(host).Current).ToHashSet(StringComparer.Ordinal);
        foreach (var key in await storage.ListAsync(StoreKeys.Root, cancellationToken))
        {
            if (!key.EndsWith(".pem", StringComparison.Ordinal) || served.Contains(key) || await storage.ReadAsync(key, cancellationToken) is not { } value) continue;
            using var privateKey = PrivateKeyReader.TryRead(storage.LocationOf(key), value.Content);
            // A file whose key cannot be read may contain a compromised one.
            if (privateKey is null || Revoked.IsCompromised(privateKey)) await storage.DeleteAsync(key, cancellationToken);
        }
    }

    /// <summary>The same as <see cref="OpenAsync"/> for hosts added by a reload: an earlier configuration may have left files of them.</summary>
    /// <exception cref="CertificateLoadException">The storage cannot be used.</exception>
    public Task AdoptAsync(IReadOnlyCollection<HostName> hosts, CancellationToken cancellationToken) =>
        GuardAsync(() => storage.OpenAsync([.. hosts.SelectMany(host => StoreKeys.Of(host).All)], cancellationToken).AsTask());

    /// <exception cref="CertificateLoadException">The storage cannot be read.</exception>
    public Task<IReadOnlyDictionary<HostName, ServedCredential>> LoadAllAsync(CancellationToken cancellationToken) => LoadAsync(options.Value.Hosts, cancellationToken);

    /// <exception cref="CertificateLoadException">The storage cannot be read.</exception>
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

    /// <summary>The current bundle, or the previous one if the current one is unusable, or null. Problems are logged.</summary>
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
        // A readable bundle that was refused, for example because it has expired, is kept.
        if (storage.IsWriter && (current is null || current.Names.Count == 0)) await RepairAsync(keys, cancellationToken);
        return StoredState.Describe(older, state);
    }

    /// <summary>The previous bundle, checked like a file; null if there is none.</summary>
    public async Task<CertificateReading?> ReadPreviousAsync(HostName host, CancellationToken cancellationToken) =>
        await ReadBundleAsync(StoreKeys.Of(host).Previous, cancellationToken) is { } contents ? new CertificateFileReader([host], time).Read(contents) : null;

    public async Task<ServedCredential> DescribeAsync(HostName host, Tls.Credential previous, CancellationToken cancellationToken) =>
        StoredState.Describe(previous, await ReadStateAsync(host, cancellationToken));

    /// <summary>Stages new bundles; they are committed for all hosts or for none.</summary>
    /// <param name="lease">The lease of the order that issued them; null for other sources.</param>
    /// <returns>Null if another process writes the storage, so that nothing is stored.</returns>
    /// <exception cref="IOException">The bundles cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Access to the storage is denied.</exception>
    public async Task<IStagedWrite?> StageAsync(IReadOnlyDictionary<HostName, ServedCredential> changes, IStorageLease? lease, CancellationToken cancellationToken)
    {
        if (!storage.IsWriter) return null;
        List<StorageChange> writes = [];
        foreach (var (host, served) in changes)
        {
            var keys = StoreKeys.Of(host);
            var (current, state) = (await storage.ReadAsync(keys.Current, cancellationToken), await storage.ReadAsync(keys.State, cancellationToken));
            // Order of the commit, in case of a crash: the previous bundle before the current one, and last the state, which names its certificate.
            if (current is not null && !await IsRevokedAsync(host, cancellationToken)) writes.Add(new StorageChange(keys.Previous, current.Content));
            writes.Add(new StorageChange(keys.Current, Bundle(served), current?.Version ?? StoredValue.Absent));
            writes.Add(new StorageChange(keys.State, StoredState.Of(served, state is null ? null : StoredState.Parse(state.Content)).ToBytes(), state?.Version ?? StoredValue.Absent));
        }

        return await storage.StageAsync(writes, lease, cancellationToken);
    }

    /// <summary>Whether the current certificate was revoked, by an operator or according to its CA: it must not become the previous certificate.</summary>
    public async Task<bool> IsRevokedAsync(HostName host, CancellationToken cancellationToken)
    {
        var isByCa = await ReadStateAsync(host, cancellationToken) is { Renewal: { Revoked: true } renewal } state && renewal.CertificateSha256 == state.CertificateSha256;
        return isByCa || await LeafOfAsync(StoreKeys.Of(host).Current, Revoked.Contains, cancellationToken);
    }

    /// <summary>Stores a new origin of an unchanged certificate.</summary>
    public async Task SaveStateAsync(HostName host, ServedCredential served, CancellationToken cancellationToken)
    {
        var old = await ReadStateAsync(host, cancellationToken);
        await WriteAsync(StoreKeys.Of(host).State, (StoredState.Of(served, old?.Previous) with { Renewal = old?.Renewal }).ToBytes(), cancellationToken);
    }

    /// <summary>Stores the state of the host's renewal.</summary>
    public async Task SaveRenewalAsync(HostName host, RenewalState renewal, CancellationToken cancellationToken)
    {
        if (!storage.IsWriter) return;
        await WriteAsync(StoreKeys.Of(host).State, ((await ReadStateAsync(host, cancellationToken) ?? StoredState.None) with { Renewal = renewal }).ToBytes(), cancellationToken);
    }

    /// <summary>Null if there is none, or it is damaged.</summary>
    public async Task<RenewalState?> ReadRenewalAsync(HostName host, CancellationToken cancellationToken) => (await ReadStateAsync(host, cancellationToken))?.Renewal;

    /// <summary>SHA-256 of the stored certificate; null if unknown.</summary>
    public async Task<string?> ReadFingerprintAsync(HostName host, CancellationToken cancellationToken) => (await ReadStateAsync(host, cancellationToken))?.CertificateSha256;

    /// <summary>The path of the served key and chain.</summary>
    public string CurrentPath(HostName host) => storage.LocationOf(StoreKeys.Of(host).Current);

    /// <summary>The host's order in progress.</summary>
    public PendingOrderFile PendingOrder(HostName host) => new(storage, StoreKeys.Of(host).Pending);

    /// <summary>Deletes the previous certificate with its key.</summary>
    public async Task DestroyPreviousAsync(HostName host, CancellationToken cancellationToken)
    {
        if (storage.IsWriter) await storage.DeleteAsync(StoreKeys.Of(host).Previous, cancellationToken);
    }

    /// <summary>Null if there is none, or it cannot be read.</summary>
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

    /// <exception cref="IOException">The response cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Access to the storage is denied.</exception>
    public async Task SaveStapleAsync(HostName host, byte[] response, CancellationToken cancellationToken)
    {
        // Only if a certificate is stored; otherwise another process is about to store one.
        if (await storage.ReadAsync(StoreKeys.Of(host).Current, cancellationToken) is not null) await WriteAsync(StoreKeys.Of(host).Staple, response, cancellationToken);
    }

    async Task BecomeWriterAsync(CancellationToken cancellationToken)
    {
        _writer = await storage.TryLeaseAsync(IStorage.Writer, cancellationToken);
        if (_writer is null) return;
        await Revoked.ReadAsync(cancellationToken);
        await DestroyCompromisedAsync(cancellationToken);
    }

    /// <summary>Keeps a damaged bundle for inspection, and makes the previous one the current one.</summary>
    async Task RepairAsync(StoreKeys keys, CancellationToken cancellationToken)
    {
        List<StorageChange> changes = [];
        if (await storage.ReadAsync(keys.Current, cancellationToken) is { } damaged) changes.Add(new StorageChange(keys.Damaged, damaged.Content));
        if (await storage.ReadAsync(keys.Previous, cancellationToken) is { } previous) changes.Add(new StorageChange(keys.Current, previous.Content));
        await storage.WriteAsync(changes, lease: null, cancellationToken);
    }

    /// <summary>Does nothing if another process writes the storage.</summary>
    async Task WriteAsync(string key, byte[] content, CancellationToken cancellationToken)
    {
        if (storage.IsWriter) await storage.WriteAsync(key, content, cancellationToken);
    }

    static byte[] Bundle(ServedCredential served) => Encoding.ASCII.GetBytes(
        served.Credential.Leaf.KeyPem() + "\n" + string.Concat(served.Credential.Delivered.Select(certificate => certificate.ExportCertificatePem() + "\n")));

    async Task<StoredState?> ReadStateAsync(HostName host, CancellationToken cancellationToken) =>
        await storage.ReadAsync(StoreKeys.Of(host).State, cancellationToken) is { } value ? StoredState.Parse(value.Content) : null;

    /// <summary>Null if there is none. A bundle that cannot be read is returned with its problem.</summary>
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
    /// An expired but otherwise valid certificate, to serve until the CA issues the next one or its file is replaced: users of some clients can accept it,
    /// and no client accepts a missing certificate.
    /// </summary>
    Tls.Credential? Expired(HostName host, FileContents contents)
    {
        if (options.Value.Certificates.Source == CertificateSource.SelfSigned || LeafOf(contents.Certificate, PreviousOf)?.NotAfter is not { } end || end >= time.GetUtcNow()) return null;
        var credential = new CertificateFileReader([host], new StoppedClock(end)).Read(contents).Credential;
        if (credential is not null) ServedExpired(host, credential.SerialNumber, end);
        return credential;
    }

    static PreviousCertificate PreviousOf(X509Certificate2 leaf) => new(leaf.SerialNumber, new DateTimeOffset(leaf.NotAfter.ToUniversalTime()));

    /// <summary>The default if there is no readable certificate.</summary>
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
