using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates;

/// <summary><c>DataDirectory/certificates/NAME</c> of every host: what is served, what came before it, and where both came from.</summary>
sealed partial class CertificateStore(
    CertificateConfiguration options, RevokedCertificates revoked, PrivateModes modes, TimeProvider time, ILogger<CertificateStore> logger) : IDisposable
{
    /// <summary>ENOSPC, as .NET passes it on.</summary>
    const int NoSpace = 28;

    // DataDirectory changes at a start alone.
    readonly string _root = Path.Combine(options.Value.DataDirectory, "certificates");
    readonly string _accounts = Path.Combine(options.Value.DataDirectory, "accounts");
    StoreLock? _lock;

    /// <summary>What is not to be served again, whatever brings it.</summary>
    public RevokedCertificates Revoked => revoked;

    /// <summary>Whether this process writes it: one at a time does.</summary>
    public bool IsOurs => _lock is not null;

    /// <summary>Why this process may not change it, for whoever asked for that.</summary>
    public string Held => $"{LockPath}: is held by another imgw process; ask that one, or stop it";

    string LockPath => Path.Combine(options.Value.DataDirectory, "lock");

    /// <summary>Folders made, modes repaired.</summary>
    /// <exception cref="CertificateLoadException">The folder cannot be used.</exception>
    public void Open() => Guard(() =>
    {
        modes.EnsureFolder(options.Value.DataDirectory);
        modes.EnsureFolder(_root);
        EnsureModes(options.Value.Hosts);
        foreach (var account in Accounts())
        {
            modes.EnsureFolder(account);
            foreach (var file in Directory.EnumerateFiles(account)) modes.EnsureFile(file);
        }
    });

    /// <summary>Makes this process the one that writes, unless another is. Whoever gets it clears up what a crash left.</summary>
    /// <exception cref="CertificateLoadException">The lock or the folder cannot be used; this process does not write it.</exception>
    public bool TryLock()
    {
        if (IsOurs) return true;
        try
        {
            Guard(TakeLock);
        }
        catch
        {
            Dispose();
            throw;
        }

        return IsOurs;
    }

    void TakeLock()
    {
        _lock = StoreLock.TryTake(LockPath);
        if (_lock is null) return;
        if (_lock.Problem is { } problem) OwnerNotWritten(LockPath, problem);
        foreach (var host in options.Value.Hosts) Folder(host).Recover();
        DurableFile.RemoveTemporaries(options.Value.DataDirectory);
        DurableFile.RemoveTemporaries(Path.Combine(options.Value.DataDirectory, "development-ca"));
        foreach (var account in Accounts()) DurableFile.RemoveTemporaries(account);
        // Also of hosts that are no longer configured: keys may be in them.
        foreach (var folder in Directory.Exists(_root) ? Directory.GetDirectories(_root) : []) DurableFile.RemoveTemporaries(folder);
        Revoked.Read();
        DestroyCompromised();
    }

    /// <summary>Another try is to begin anew: what the process before has stored is not known here.</summary>
    public void Unlock() => Dispose();

    /// <summary>What is stored for the hosts, for putting it back; nothing where another process writes it.</summary>
    /// <exception cref="CertificateLoadException">It cannot be read.</exception>
    public StoreBackup Backup(IEnumerable<HostName> hosts)
    {
        List<(StoreFolder, StoreSnapshot)> before = [];
        if (IsOurs) Guard(() => before.AddRange(hosts.Select(Folder).Select(folder => (folder, folder.Snapshot()))));
        return new StoreBackup(before);
    }

    /// <summary>For what <see cref="Revoked"/> has been given: no copy is left here of a key that others may have, but the one that is served.</summary>
    public void DestroyCompromised()
    {
        if (!IsOurs || !Revoked.HasCompromisedKeys || !Directory.Exists(_root)) return;
        var served = options.Value.Hosts.Select(PathOf).ToHashSet(StringComparer.Ordinal);
        foreach (var folder in Directory.GetDirectories(_root)) new StoreFolder(folder).Destroy(Revoked.IsCompromised, keepsCurrent: served.Contains(folder));
    }

    /// <summary>Hosts that have come with a reload: their folders, if an earlier configuration has left some, as at start.</summary>
    /// <exception cref="CertificateLoadException">The folder cannot be used.</exception>
    public void Adopt(IReadOnlyCollection<HostName> hosts) => Guard(() =>
    {
        EnsureModes(hosts);
        if (!IsOurs) return;
        foreach (var host in hosts) Folder(host).Recover();
    });

    /// <summary>Of every configured host.</summary>
    /// <exception cref="CertificateLoadException">The folder may not be read.</exception>
    public IReadOnlyDictionary<HostName, ServedCredential> LoadAll() => Load(options.Value.Hosts);

    /// <exception cref="CertificateLoadException">The folder may not be read.</exception>
    public IReadOnlyDictionary<HostName, ServedCredential> Load(IEnumerable<HostName> hosts)
    {
        Dictionary<HostName, ServedCredential> all = [];
        Guard(() =>
        {
            // Says whether it may be read at all: what is inside would only seem not to exist.
            if (Directory.Exists(options.Value.DataDirectory)) Directory.GetDirectories(options.Value.DataDirectory);
            Revoked.Read();
            foreach (var host in hosts)
            {
                if (Load(host) is { } stored) all[host] = stored;
            }
        });
        return all;
    }

    /// <summary>The current bundle, the previous one if that cannot be used, or null; what is wrong is logged.</summary>
    ServedCredential? Load(HostName host)
    {
        var folder = Folder(host);
        var state = folder.ReadState();
        var current = Read(host, folder.Current);
        if (current?.Credential is { } credential)
        {
            if (credential.IsEarly(time.GetUtcNow())) ServedEarly(host, credential.SerialNumber, credential.NotBefore, time.GetUtcNow());
            var before = PreviousOf(folder);
            return StoredState.Describe(credential, state) with { Previous = before?.SerialNumber == credential.SerialNumber ? null : before };
        }

        var previous = Read(host, folder.Previous);
        if (current is null && previous is null) return null;
        if (previous?.Credential is null && Expired(host, folder.Current) is { } expired) return StoredState.Describe(expired, state);
        var problems = string.Join(" · ", current?.Problems ?? [new(folder.Current, "does not exist", "restore it from a backup")]);
        if (previous?.Credential is not { } older)
        {
            Unusable(host, problems);
            return null;
        }

        FellBack(host, problems, older.SerialNumber);
        // A sound one that has expired, say, is worth keeping.
        if (IsOurs && (current is null || current.Names.Count == 0)) Guard(folder.Repair);
        return StoredState.Describe(older, state);
    }

    /// <summary>The bundle before the current one, checked as a file is; null where there is none.</summary>
    public CertificateReading? ReadPrevious(HostName host) => Read(host, Folder(host).Previous);

    public ServedCredential Describe(HostName host, Tls.Credential previous) => StoredState.Describe(previous, Folder(host).ReadState());

    /// <summary>Stages new bundles; where another process writes the store, nothing is kept.</summary>
    /// <exception cref="IOException">The disk does not take them.</exception>
    /// <exception cref="UnauthorizedAccessException">The store may not be written to.</exception>
    public StoreTransaction Begin(IReadOnlyDictionary<HostName, ServedCredential> changes) =>
        new(changes, IsOurs ? Folder : null, IsRevoked);

    /// <summary>Whether what the host has now was revoked, by an operator or as its CA says: it is not to become the previous certificate.</summary>
    public bool IsRevoked(HostName host)
    {
        var folder = Folder(host);
        var isByCa = folder.ReadState() is { Renewal: { Revoked: true } renewal } state && renewal.CertificateSha256 == state.CertificateSha256;
        return isByCa || LeafOf(folder.Current, Revoked.Contains);
    }

    /// <summary>The certificate stays; where it comes from has changed.</summary>
    public void SaveState(HostName host, ServedCredential served)
    {
        if (!IsOurs) return;
        var old = Folder(host).ReadState();
        Folder(host).WriteState(StoredState.Of(served, old?.Previous) with { Renewal = old?.Renewal });
    }

    /// <summary>How the host's next certificate is coming along.</summary>
    public void SaveRenewal(HostName host, RenewalState renewal)
    {
        if (IsOurs) Folder(host).WriteState((Folder(host).ReadState() ?? StoredState.None) with { Renewal = renewal });
    }

    /// <summary>Null where nothing is known, or it was lost.</summary>
    public RenewalState? ReadRenewal(HostName host) => Folder(host).ReadState()?.Renewal;

    /// <summary>Key and chain of what is served.</summary>
    public string CurrentPath(HostName host) => Folder(host).Current;

    /// <summary>The host's order under way.</summary>
    public PendingOrderFile PendingOrder(HostName host) => new(Folder(host).Pending);

    /// <summary>No copy of the key before the current one is left here.</summary>
    public void DestroyPrevious(HostName host)
    {
        if (IsOurs) File.Delete(Folder(host).Previous);
    }

    /// <summary>Null where there is none that can be read.</summary>
    public byte[]? ReadStaple(HostName host)
    {
        try
        {
            return File.Exists(Folder(host).Staple) ? File.ReadAllBytes(Folder(host).Staple) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <exception cref="IOException">The disk does not take it.</exception>
    /// <exception cref="UnauthorizedAccessException">The store may not be written to.</exception>
    public void SaveStaple(HostName host, ReadOnlySpan<byte> response)
    {
        // Where the host has a folder: otherwise another process is about to give it one.
        if (IsOurs && Directory.Exists(PathOf(host))) DurableFile.Write(Folder(host).Staple, response);
    }

    public void Dispose()
    {
        _lock?.Dispose();
        _lock = null;
    }

    void EnsureModes(IEnumerable<HostName> hosts)
    {
        foreach (var host in hosts.Where(host => Directory.Exists(PathOf(host))))
        {
            modes.EnsureFolder(PathOf(host));
            foreach (var file in Folder(host).Files) modes.EnsureFile(file);
        }
    }

    /// <summary>Names hold no separator and begin with no dot: <see cref="HostName"/> sees to it.</summary>
    string PathOf(HostName host) => Path.Combine(_root, host.CertificateName);

    string[] Accounts() => Directory.Exists(_accounts) ? Directory.GetDirectories(_accounts) : [];

    StoreFolder Folder(HostName host) => new(PathOf(host));

    CertificateReading? Read(HostName host, string path) =>
        File.Exists(path) ? new CertificateFileReader([host], time).Read(new CertificateFile { Certificate = path }) : null;

    /// <summary>
    /// A certificate that is sound but for its age, where a CA is being asked for the next one or a file is to bring it: some clients can be talked into it, and
    /// none into no certificate at all.
    /// </summary>
    Tls.Credential? Expired(HostName host, string path)
    {
        if (options.Value.Certificates.Source == CertificateSource.SelfSigned || LeafOf(path)?.NotAfter is not { } end || end >= time.GetUtcNow()) return null;
        var credential = new CertificateFileReader([host], new StoppedClock(end)).Read(new CertificateFile { Certificate = path }).Credential;
        if (credential is not null) ServedExpired(host, credential.SerialNumber, end);
        return credential;
    }

    static PreviousCertificate? PreviousOf(StoreFolder folder) => LeafOf(folder.Previous);

    static PreviousCertificate? LeafOf(string path) =>
        LeafOf(path, leaf => new PreviousCertificate(leaf.SerialNumber, new DateTimeOffset(leaf.NotAfter.ToUniversalTime())));

    /// <summary>The default where there is none that can be read.</summary>
    static T? LeafOf<T>(string path, Func<X509Certificate2, T> of)
    {
        IReadOnlyList<X509Certificate2> certificates = [];
        try
        {
            if (!File.Exists(path)) return default;
            certificates = PemDocument.Parse(File.ReadAllBytes(path)).Certificates;
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

    void Guard(Action action)
    {
        try
        {
            action();
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

    [LoggerMessage(3, LogLevel.Warning, "{Path}: the process id cannot be written: {Why}. The lock holds all the same; free space on its disk")]
    partial void OwnerNotWritten(string path, string why);

    [LoggerMessage(4, LogLevel.Warning, "{Host}: the stored certificate {Serial} is not valid before {NotBefore:u} and is served all the same, because the clock here ({Now:u}) may be wrong: correct it, or wait until then")]
    partial void ServedEarly(HostName host, string serial, DateTimeOffset notBefore, DateTimeOffset now);

    [LoggerMessage(5, LogLevel.Warning, "{Host}: the stored certificate cannot be used: {Why}")]
    partial void Unusable(HostName host, string why);
}
