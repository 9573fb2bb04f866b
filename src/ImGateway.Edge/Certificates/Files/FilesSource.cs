using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Files;

/// <summary>Creates the <see cref="FilesSource"/> of a configuration.</summary>
delegate FilesSource CreateFilesSource(EdgeOptions options);

/// <summary>The configured certificate files: the last usable certificate of each, and which hosts are served from them. Used under the certificate lock, except for <see cref="WaitAsync"/>.</summary>
sealed class FilesSource(EdgeOptions options, TimeProvider time, ScheduleClock clock, ILogger<WatchedFolders> logger) : IDisposable
{
    /// <summary>The interval of checking refused contents again: time, machine and other files may have changed.</summary>
    static readonly TimeSpan RetryInterval = TimeSpan.FromMinutes(1);

    readonly Dictionary<CertificateFile, HostCertificate> _accepted = [];
    readonly Dictionary<CertificateFile, HostCertificate> _untimely = [];
    readonly Dictionary<CertificateFile, string> _refused = [];
    DueTime _nextRetry = DueTime.After(RetryInterval, clock.Now);
    CertificateFileWatcher? _watcher;
    HashSet<string> _reported = [];
    CertificateIndex? _index;

    /// <summary>In configuration order.</summary>
    IReadOnlyList<HostCertificate> Accepted => [.. options.Certificates.Files.Distinct().Where(_accepted.ContainsKey).Select(file => _accepted[file])];

    /// <summary>Reads all files, once, and starts to watch them.</summary>
    /// <param name="before">The files of the previous configuration: a file in both that has become unusable keeps covering its hosts.</param>
    public IReadOnlyList<CertificateReading> Read(FilesSource? before = null)
    {
        List<FileContents> contents = [.. options.Certificates.Files.Distinct().Select(FileContents.Read)];
        var readings = Read(contents);
        foreach (var (content, reading) in contents.Zip(readings))
        {
            if (reading.Credential is not null) Accept(reading.File, Offer(reading, content));
            else
            {
                if (before?._accepted.GetValueOrDefault(reading.File) is { } known) Accept(reading.File, known);
                Refuse(content);
            }
        }

        _watcher = new CertificateFileWatcher(contents, FileContents.Read, time, logger, FileWatcher.PollInterval);
        return readings;
    }

    /// <summary>Whether another configuration has the same files and hosts.</summary>
    public bool Suits(EdgeOptions other) =>
        other.Certificates.Source == options.Certificates.Source
        && other.Hosts.SequenceEqual(options.Hosts)
        && other.Certificates.Files.SequenceEqual(options.Certificates.Files);

    public Task WaitAsync(CancellationToken cancellationToken) => _watcher!.WaitAsync(cancellationToken);

    public IReadOnlyList<ChangedFile> Changes() => _watcher!.Poll();

    /// <summary>True once a minute, or if an operator requests it.</summary>
    public bool TryBeginRetry(bool now)
    {
        var moment = clock.Now;
        if (!now && !_nextRetry.IsDue(moment)) return false;
        _nextRetry = DueTime.After(RetryInterval, moment);
        return true;
    }

    /// <summary>
    /// Unchanged contents that were refused or are not valid yet, to be checked again. Changed ones are returned by <see cref="Changes"/>.
    /// </summary>
    public IReadOnlyList<ChangedFile> Retries(IReadOnlyDictionary<HostName, HostCertificate> served)
    {
        var waited = NewOffers(Choose(), served).Values.Select(offer => offer.FileHash).ToHashSet();
        var files = _refused.Select(entry => (File: entry.Key, Hash: entry.Value))
            .Concat(_accepted.Where(entry => waited.Contains(entry.Value.FileHash)).Select(entry => (File: entry.Key, Hash: entry.Value.FileHash!)));
        return
        [
            .. from file in files.Distinct()
               let contents = FileContents.Read(file.File)
               where contents.Hash == file.Hash
               select ChangedFile.ForRetry(contents),
        ];
    }

    /// <summary>Files that were replaced below a bind mount, which still shows the old content and will not change again. With a message for each.</summary>
    public IEnumerable<(CertificateFile File, string Why)> ReplacedUnderMount()
    {
        // Usually there is none: one reading of the mounts checks all files.
        if (BindMounts.Problems(options.Certificates.Files.SelectMany(file => file.AllPaths())).Count == 0) return [];
        return
        [
            .. from file in options.Certificates.Files.Distinct()
               let problems = BindMounts.Problems(file.AllPaths())
               where problems.Count > 0
               select (file, string.Join(" · ", problems)),
        ];
    }

    /// <summary>Marks this content as handled, whether or not it was installed.</summary>
    public void MarkHandled(ChangedFile change) => _watcher!.MarkHandled(change.Contents);

    /// <summary>Refuses this content; it is checked again each minute.</summary>
    public void Refuse(FileContents contents) => _refused[contents.File] = contents.Hash;

    public IReadOnlyList<CertificateReading> Read(IReadOnlyList<ChangedFile> changes) => Read([.. changes.Select(change => change.Contents)]);

    /// <summary>
    /// Certificates whose only problems are their dates, for hosts that have no other: users of some clients can accept one, and no client accepts a
    /// missing certificate.
    /// </summary>
    public IReadOnlyDictionary<HostName, HostCertificate> LastResort(IReadOnlyDictionary<HostName, HostCertificate> served) =>
        HostCertificate.Choose([.. options.Hosts.Where(host => !served.ContainsKey(host))], _untimely.Values, time.GetUtcNow());

    public static HostCertificate Offer(CertificateReading reading, FileContents contents) =>
        Offer(reading.Credential!, reading.File, contents);

    public void Accept(CertificateFile file, HostCertificate offer)
    {
        _accepted[file] = offer;
        _index = null;
        _refused.Remove(file);
    }

    /// <summary>The certificates in use, by the hash of their file.</summary>
    public Dictionary<string, Credential> ByHash() =>
        _accepted.Values.DistinctBy(offer => offer.FileHash).ToDictionary(offer => offer.FileHash!, offer => offer.Credential, StringComparer.Ordinal);

    /// <summary>Whether the file has a usable certificate.</summary>
    public bool IsAccepted(CertificateFile file) => _accepted.ContainsKey(file);

    /// <summary>Refuses a certificate that passed the checks but failed its test handshake.</summary>
    /// <returns>The file; null if the offer is not from a file.</returns>
    public CertificateFile? Reject(HostCertificate offer)
    {
        var file = _accepted.FirstOrDefault(entry => entry.Value == offer).Key;
        if (file is null) return null;
        _accepted.Remove(file);
        _index = null;
        _refused[file] = offer.FileHash!;
        return file;
    }

    /// <summary>Refuses revoked certificates. Their hosts are then covered by another file, by the CA, or not at all.</summary>
    public IReadOnlyList<KeyValuePair<CertificateFile, HostCertificate>> RejectAll(Func<Credential, bool> isRevoked)
    {
        List<KeyValuePair<CertificateFile, HostCertificate>> rejected = [.. _accepted.Where(entry => isRevoked(entry.Value.Credential))];
        foreach (var (_, offer) in rejected) Reject(offer);
        return rejected;
    }

    /// <summary>Selects the file certificate for each host; hosts that no file covers have no entry.</summary>
    public IReadOnlyDictionary<HostName, HostCertificate> Choose() => HostCertificate.Choose(options.Hosts, Accepted, time.GetUtcNow());

    /// <summary>Whether a file covers the host, so that no certificate is issued for it.</summary>
    public bool Covers(HostName host) => (_index ??= new CertificateIndex(_accepted.Values)).Covers(host);

    /// <summary>The result of <see cref="Choose"/> if the files contained <paramref name="offers"/>.</summary>
    public IReadOnlyDictionary<HostName, HostCertificate> ChooseWith(IReadOnlyDictionary<CertificateFile, HostCertificate> offers) =>
        HostCertificate.Choose(
            options.Hosts,
            [.. options.Certificates.Files.Distinct().Select(file => offers.GetValueOrDefault(file) ?? _accepted.GetValueOrDefault(file)).OfType<HostCertificate>()],
            time.GetUtcNow());

    /// <summary>Warnings about files that serve no host and were not reported before.</summary>
    public IReadOnlyList<CertificateProblem> NewlyUnused(IReadOnlyDictionary<HostName, HostCertificate> served)
    {
        var (unused, before) = (new UnusedFiles(options, Accepted, served, time.GetUtcNow()).Problems(), _reported);
        _reported = [.. unused.Select(warning => warning.ToString())];
        return [.. unused.Where(warning => !before.Contains(warning.ToString()))];
    }

    /// <summary>
    /// The chosen certificates that are not installed yet: their file has changed since it was last installed, and they need not wait until they are
    /// valid. An unchanged file does not replace an import or a rollback.
    /// </summary>
    public IReadOnlyDictionary<HostName, HostCertificate> NewOffers(
        IReadOnlyDictionary<HostName, HostCertificate> chosen, IReadOnlyDictionary<HostName, HostCertificate> served)
    {
        var now = time.GetUtcNow();
        return chosen
            .Where(entry => !served.TryGetValue(entry.Key, out var current)
                || (current.FileHash != entry.Value.FileHash && !entry.Value.Credential.HasToWait(current.Credential, now)))
            .ToDictionary();
    }

    /// <summary>Why a usable certificate is not served until it is valid; null if it is served, or need not wait.</summary>
    public string? WhyNotYetUsed(CertificateReading reading, IReadOnlyDictionary<HostName, HostCertificate> served) =>
        reading.Warnings.FirstOrDefault(warning => warning.IsEarly) is { } early
        && _accepted.GetValueOrDefault(reading.File) is { } offer && !served.Values.Any(current => current.FileHash == offer.FileHash)
            ? early.ToString()
            : null;

    /// <summary>Best guess at the hosts that an unusable file covered.</summary>
    public IReadOnlyList<HostName> HostsOf(CertificateFile file, IReadOnlyList<HostName> names, IReadOnlyDictionary<HostName, HostCertificate> served)
    {
        var accepted = _accepted.GetValueOrDefault(file);
        // Evaluated only when it comes to it: of n files with problems, each would choose for all n hosts.
        var chosen = new Lazy<IReadOnlyDictionary<HostName, HostCertificate>>(Choose);
        IEnumerable<HostName>[] guesses =
        [
            served.Where(entry => entry.Value.Source == HostCertificate.Files && entry.Value.Origin == file.Certificate).Select(entry => entry.Key),
            options.Hosts.Where(host => accepted?.Credential.Covers(host) == true),
            options.Hosts.Where(host => names.Any(name => name.Matches(host))),
            options.Hosts.Where(host => !chosen.Value.ContainsKey(host)),
            options.Hosts,
        ];
        return [.. guesses.First(guess => guess.Any())];
    }

    public void Dispose() => _watcher?.Dispose();

    List<CertificateReading> Read(List<FileContents> contents)
    {
        // On all cores, because a start with thousands of files consists of little else.
        var reader = new CertificateFileReader(options.Hosts, time);
        List<CertificateReading> readings = [.. contents.AsParallel().AsOrdered().Select(reader.Read)];
        foreach (var (content, reading) in contents.Zip(readings))
        {
            if (reading.Untimely is { } credential) _untimely[reading.File] = Offer(credential, reading.File, content);
            else _untimely.Remove(reading.File);
        }

        return readings;
    }

    static HostCertificate Offer(Credential credential, CertificateFile file, FileContents contents) =>
        new(credential, HostCertificate.Files, file.Certificate) { FileHash = contents.Hash };
}
