using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Store;

/// <summary>Reads the stored certificates of all hosts: the current one, or the previous one if that is damaged. <see cref="StoreWriter"/> writes them.</summary>
sealed partial class CertificateStore(
    CurrentCertificateOptions options, IStorage storage, RevokedCertificates revoked, TimeProvider time, ILogger<CertificateStore> logger)
{
    static readonly Dictionary<string, Credential> Nothing = [];

    /// <summary>Checks that the storage can be used, and repairs file modes.</summary>
    /// <exception cref="CertificateLoadException">The storage cannot be used.</exception>
    public Task OpenAsync(CancellationToken cancellationToken) => CertificateLoadException.GuardAsync(options.Value, async () =>
    {
        await storage.OpenAsync([StoreKeys.Root, StoreKeys.DevelopmentCa, StoreKeys.DevelopmentCaKey, .. options.Value.Hosts.SelectMany(host => StoreKeys.Of(host).All)], cancellationToken);
        var accounts = await storage.ListAsync("accounts", cancellationToken);
        await storage.OpenAsync([.. accounts.Select(key => key[..key.LastIndexOf('/')]).Distinct(), .. accounts], cancellationToken);
    });

    /// <summary>The same as <see cref="OpenAsync"/> for hosts added by a reload: an earlier configuration may have left files of them.</summary>
    /// <exception cref="CertificateLoadException">The storage cannot be used.</exception>
    public Task AdoptAsync(IReadOnlyCollection<HostName> hosts, CancellationToken cancellationToken) =>
        CertificateLoadException.GuardAsync(options.Value, () => storage.OpenAsync([.. hosts.SelectMany(host => StoreKeys.Of(host).All)], cancellationToken).AsTask());

    /// <exception cref="CertificateLoadException">The storage cannot be read.</exception>
    public Task<IReadOnlyDictionary<HostName, HostCertificate>> LoadAllAsync(CancellationToken cancellationToken) => LoadAllAsync(Nothing, cancellationToken);

    /// <param name="known">Certificates of files that were read just now, by the hash of the file: they are not parsed and verified once more.</param>
    /// <exception cref="CertificateLoadException">The storage cannot be read.</exception>
    public Task<IReadOnlyDictionary<HostName, HostCertificate>> LoadAllAsync(IReadOnlyDictionary<string, Credential> known, CancellationToken cancellationToken) =>
        LoadAsync(options.Value.Hosts, known, cancellationToken);

    /// <exception cref="CertificateLoadException">The storage cannot be read.</exception>
    public Task<IReadOnlyDictionary<HostName, HostCertificate>> LoadAsync(IEnumerable<HostName> hosts, CancellationToken cancellationToken) => LoadAsync(hosts, Nothing, cancellationToken);

    async Task<IReadOnlyDictionary<HostName, HostCertificate>> LoadAsync(IEnumerable<HostName> hosts, IReadOnlyDictionary<string, Credential> known, CancellationToken cancellationToken)
    {
        var (all, roots) = (new Dictionary<HostName, HostCertificate>(), new MachineRoots());
        await CertificateLoadException.GuardAsync(options.Value, async () =>
        {
            await revoked.ReadAsync(cancellationToken);
            foreach (var host in hosts)
            {
                if (await LoadAsync(host, known, roots, cancellationToken) is { } stored) all[host] = stored;
            }
        });
        return all;
    }

    /// <summary>The current bundle, or the previous one if the current one is unusable, or null. Problems are logged.</summary>
    async Task<HostCertificate?> LoadAsync(HostName host, IReadOnlyDictionary<string, Credential> known, MachineRoots roots, CancellationToken cancellationToken)
    {
        var keys = StoreKeys.Of(host);
        var metadata = await StoredMetadata.ReadAsync(storage, host, cancellationToken);
        var contents = await ReadBundleAsync(keys.Current, cancellationToken);
        var current = contents is null ? null : Known(host, contents, metadata, known) ?? new CertificateFileReader(new CertificateChecks([host], roots.Trusts), time).Read(contents);
        if (current?.Credential is { } credential)
        {
            if (credential.IsEarly(time.GetUtcNow())) ServedEarly(host, credential.SerialNumber, credential.NotBefore, time.GetUtcNow());
            var before = await StoredBundle.LeafOfAsync(storage, keys.Previous, PreviousOf, cancellationToken);
            return StoredMetadata.Describe(credential, metadata) with { Previous = before?.SerialNumber == credential.SerialNumber ? null : before };
        }

        var previous = await ReadPreviousAsync(host, cancellationToken);
        if (current is null && previous is null) return null;
        if (previous?.Credential is null && contents is not null && Expired(host, contents) is { } expired) return StoredMetadata.Describe(expired, metadata);
        var problems = string.Join(" · ", current?.Problems ?? [new(storage.LocationOf(keys.Current), "does not exist", "restore it from a backup")]);
        if (previous?.Credential is not { } older)
        {
            Unusable(host, problems);
            return null;
        }

        FellBack(host, problems, older.SerialNumber);
        // A readable bundle that was refused, for example because it has expired, is kept.
        if (storage.IsWriter && (current is null || current.Names.Count == 0)) await RepairAsync(keys, cancellationToken);
        return StoredMetadata.Describe(older, metadata);
    }

    /// <summary>The previous bundle, checked like a file; null if there is none.</summary>
    public async Task<CertificateReading?> ReadPreviousAsync(HostName host, CancellationToken cancellationToken) =>
        await ReadBundleAsync(StoreKeys.Of(host).Previous, cancellationToken) is { } contents ? new CertificateFileReader([host], time).Read(contents) : null;

    public async Task<HostCertificate> DescribeAsync(HostName host, Credential previous, CancellationToken cancellationToken) =>
        StoredMetadata.Describe(previous, await StoredMetadata.ReadAsync(storage, host, cancellationToken));

    /// <summary>SHA-256 of the stored certificate; null if unknown.</summary>
    public async Task<string?> ReadFingerprintAsync(HostName host, CancellationToken cancellationToken) => (await StoredMetadata.ReadAsync(storage, host, cancellationToken))?.CertificateSha256;

    /// <summary>The path of the served key and chain.</summary>
    public string CurrentPath(HostName host) => storage.LocationOf(StoreKeys.Of(host).Current);

    /// <summary>The host's order in progress.</summary>
    public PendingOrderStore PendingOrder(HostName host) => new(storage, StoreKeys.Of(host).Pending);

    /// <summary>The certificate of a file, if exactly that is stored, byte for byte: to read it would give the same.</summary>
    static CertificateReading? Known(HostName host, FileContents contents, StoredMetadata? metadata, IReadOnlyDictionary<string, Credential> known) =>
        metadata?.FileSha256 is { } hash && known.TryGetValue(hash, out var credential) && credential.Covers(host) && contents.Certificate.AsSpan().SequenceEqual(StoredBundle.ToBytes(credential))
            ? new CertificateReading(contents.File, credential, credential.Names, [], [])
            : null;

    /// <summary>Keeps a damaged bundle for inspection, and makes the previous one the current one.</summary>
    async Task RepairAsync(StoreKeys keys, CancellationToken cancellationToken)
    {
        List<StorageChange> changes = [];
        if (await storage.ReadAsync(keys.Current, cancellationToken) is { } damaged) changes.Add(new StorageChange(keys.Damaged, damaged.Content));
        if (await storage.ReadAsync(keys.Previous, cancellationToken) is { } previous) changes.Add(new StorageChange(keys.Current, previous.Content));
        await storage.WriteAsync(changes, lease: null, cancellationToken);
    }

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
    Credential? Expired(HostName host, FileContents contents)
    {
        if (options.Value.Certificates.Source == CertificateSource.SelfSigned || StoredBundle.LeafOf(contents.Certificate, PreviousOf)?.NotAfter is not { } end || end >= time.GetUtcNow()) return null;
        var credential = new CertificateFileReader([host], new FixedTimeProvider(end)).Read(contents).Credential;
        if (credential is not null) ServedExpired(host, credential.SerialNumber, end);
        return credential;
    }

    static PreviousCertificate PreviousOf(X509Certificate2 leaf) => new(leaf.SerialNumber, leaf.ValidUntil());

    [LoggerMessage(1, LogLevel.Error, "{Host}: the stored certificate cannot be used: {Why}. The previous one, {Serial}, takes its place")]
    partial void FellBack(HostName host, string why, string serial);

    [LoggerMessage(2, LogLevel.Error, "{Host}: the stored certificate {Serial} expired at {NotAfter:u} and is served all the same, until the next one is there")]
    partial void ServedExpired(HostName host, string serial, DateTimeOffset notAfter);

    [LoggerMessage(4, LogLevel.Warning, "{Host}: the stored certificate {Serial} is not valid before {NotBefore:u} and is served all the same, because the clock here ({Now:u}) may be wrong: correct it, or wait until then")]
    partial void ServedEarly(HostName host, string serial, DateTimeOffset notBefore, DateTimeOffset now);

    [LoggerMessage(5, LogLevel.Warning, "{Host}: the stored certificate cannot be used: {Why}")]
    partial void Unusable(HostName host, string why);
}
