using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Files;

/// <summary>The configured certificate files: what each last held that could be served, and which hosts are to be served from them.</summary>
sealed class FilesSource(EdgeOptions options, TimeProvider time, ScheduleClock clock, ILogger<WatchedFolders> logger) : IDisposable
{
    /// <summary>How often a content that was refused is judged again: time, the machine and other files may have changed.</summary>
    static readonly TimeSpan RetryInterval = TimeSpan.FromMinutes(1);

    readonly CertificateFileReader _reader = new(options.Hosts, time);
    readonly Dictionary<CertificateFile, ServedCredential> _accepted = [];
    readonly Dictionary<CertificateFile, ServedCredential> _untimely = [];
    readonly Dictionary<CertificateFile, string> _refused = [];
    DueTime _nextRetry = DueTime.After(RetryInterval, clock.Now);
    CertificateFileWatcher? _watcher;
    HashSet<string> _reported = [];

    /// <summary>In the order in which they are configured.</summary>
    IReadOnlyList<ServedCredential> Accepted => [.. options.Certificates.Files.Distinct().Where(_accepted.ContainsKey).Select(file => _accepted[file])];

    /// <summary>All files, once; they are watched from then on.</summary>
    /// <param name="before">The configuration before: a file that both name and that has gone bad goes on covering the hosts that it did.</param>
    public IReadOnlyList<CertificateReading> Read(FilesSource? before = null)
    {
        List<FileContents> contents = [.. options.Certificates.Files.Distinct().Select(FileContents.Read)];
        List<CertificateReading> readings = [];
        foreach (var content in contents)
        {
            var reading = Remember(_reader.Read(content), content);
            readings.Add(reading);
            if (reading.Credential is not null) Accept(reading.File, Offer(reading, content));
            else
            {
                if (before?._accepted.GetValueOrDefault(reading.File) is { } known) Accept(reading.File, known);
                Refuse(content);
            }
        }

        _watcher = new CertificateFileWatcher(contents, time, logger);
        return readings;
    }

    /// <summary>Whether another configuration would make of the files what this one does.</summary>
    public bool Suits(EdgeOptions other) =>
        other.Certificates.Source == options.Certificates.Source
        && other.Hosts.SequenceEqual(options.Hosts)
        && other.Certificates.Files.SequenceEqual(options.Certificates.Files);

    public Task WaitAsync(CancellationToken cancellationToken) => _watcher!.WaitAsync(cancellationToken);

    public IReadOnlyList<ChangedFile> Changes() => _watcher!.Look();

    /// <summary>True once a minute, and where an operator wants it now.</summary>
    public bool BeginsRetry(bool now)
    {
        var moment = clock.Now;
        if (!now && !_nextRetry.IsDue(moment)) return false;
        _nextRetry = DueTime.After(RetryInterval, moment);
        return true;
    }

    /// <summary>
    /// Contents that were refused, or had to wait until they are valid, and are still there. What has changed comes by <see cref="Changes"/>.
    /// </summary>
    public IReadOnlyList<ChangedFile> Retries(IReadOnlyDictionary<HostName, ServedCredential> served)
    {
        var waited = News(Choose(), served).Values.Select(offer => offer.FileHash).ToHashSet();
        var files = _refused.Select(entry => (File: entry.Key, Hash: entry.Value))
            .Concat(_accepted.Where(entry => waited.Contains(entry.Value.FileHash)).Select(entry => (File: entry.Key, Hash: entry.Value.FileHash!)));
        return
        [
            .. from file in files.Distinct()
               let contents = FileContents.Read(file.File)
               where contents.Hash == file.Hash
               select ChangedFile.AsBefore(contents),
        ];
    }

    /// <summary>Files that were replaced underneath their mount: what they hold now never changes again. With one line each.</summary>
    public IEnumerable<(CertificateFile File, string Why)> ReplacedUnderMount()
    {
        // Nearly always there is none, and one look at the mounts says so for all files.
        if (MountedFile.Problems(options.Certificates.Files.SelectMany(file => file.AllPaths())).Count == 0) return [];
        return
        [
            .. from file in options.Certificates.Files.Distinct()
               let problems = MountedFile.Problems(file.AllPaths())
               where problems.Count > 0
               select (file, string.Join(" · ", problems)),
        ];
    }

    /// <summary>This content is no longer new, whatever became of it.</summary>
    public void Handled(ChangedFile change) => _watcher!.Handled(change.Contents);

    /// <summary>This content is not put to use now; it is judged again each minute.</summary>
    public void Refuse(FileContents contents) => _refused[contents.File] = contents.Hash;

    public CertificateReading Read(ChangedFile change) => Remember(_reader.Read(change.Contents), change.Contents);

    /// <summary>
    /// Sound but for their dates, for hosts that have nothing else: some clients can be talked into such a certificate, and none into no
    /// certificate at all.
    /// </summary>
    public IReadOnlyDictionary<HostName, ServedCredential> LastResort(IReadOnlyDictionary<HostName, ServedCredential> served) =>
        ServedCredential.Choose([.. options.Hosts.Where(host => !served.ContainsKey(host))], _untimely.Values, time.GetUtcNow());

    public static ServedCredential Offer(CertificateReading reading, FileContents contents) =>
        Offer(reading.Credential!, reading.File, contents);

    public void Accept(CertificateFile file, ServedCredential offer)
    {
        _accepted[file] = offer;
        _refused.Remove(file);
    }

    /// <summary>Whether what the file last held could be served.</summary>
    public bool IsAccepted(CertificateFile file) => _accepted.ContainsKey(file);

    /// <summary>Read well, but did not prove itself.</summary>
    /// <returns>The file; null where the offer came from elsewhere.</returns>
    public CertificateFile? Reject(ServedCredential offer)
    {
        var file = _accepted.FirstOrDefault(entry => entry.Value == offer).Key;
        if (file is null) return null;
        _accepted.Remove(file);
        _refused[file] = offer.FileHash!;
        return file;
    }

    /// <summary>What must not be served any more, taken out: its hosts are covered by another file, by the CA, or by none.</summary>
    public IReadOnlyList<KeyValuePair<CertificateFile, ServedCredential>> RejectAll(Func<Credential, bool> isRevoked)
    {
        List<KeyValuePair<CertificateFile, ServedCredential>> rejected = [.. _accepted.Where(entry => isRevoked(entry.Value.Credential))];
        foreach (var (_, offer) in rejected) Reject(offer);
        return rejected;
    }

    /// <summary>Which file each host is to be served from; hosts that none covers have no entry.</summary>
    public IReadOnlyDictionary<HostName, ServedCredential> Choose() => ServedCredential.Choose(options.Hosts, Accepted, time.GetUtcNow());

    /// <summary>Whether a file is to serve the host, so that nobody issues for it. For who has the turn, as all of this.</summary>
    public bool Covers(HostName host) => _accepted.Values.Any(offer => offer.Credential.Covers(host));

    /// <summary>The same if <paramref name="file"/> held <paramref name="offer"/>.</summary>
    public IReadOnlyDictionary<HostName, ServedCredential> ChooseWith(CertificateFile file, ServedCredential offer) =>
        ServedCredential.Choose(
            options.Hosts,
            [.. options.Certificates.Files.Distinct().Select(each => each == file ? offer : _accepted.GetValueOrDefault(each)).OfType<ServedCredential>()],
            time.GetUtcNow());

    /// <summary>What serves no host and was not reported before.</summary>
    public IReadOnlyList<CertificateProblem> NewlyUnused(IReadOnlyDictionary<HostName, ServedCredential> served)
    {
        var (unused, before) = (new UnusedFiles(options, Accepted, served, time.GetUtcNow()).Problems(), _reported);
        _reported = [.. unused.Select(warning => warning.ToString())];
        return [.. unused.Where(warning => !before.Contains(warning.ToString()))];
    }

    /// <summary>
    /// What has changed since it was last taken in, and need not wait until it is valid: an import or a rollback stands until then.
    /// </summary>
    public IReadOnlyDictionary<HostName, ServedCredential> News(
        IReadOnlyDictionary<HostName, ServedCredential> chosen, IReadOnlyDictionary<HostName, ServedCredential> served)
    {
        var now = time.GetUtcNow();
        return chosen
            .Where(entry => !served.TryGetValue(entry.Key, out var current)
                || (current.FileHash != entry.Value.FileHash && !entry.Value.Credential.HasToWait(current.Credential, now)))
            .ToDictionary();
    }

    /// <summary>Why what was accepted of a file has to wait until it is valid; null where it need not, or is served.</summary>
    public string? WhyItWaits(CertificateReading reading, IReadOnlyDictionary<HostName, ServedCredential> served) =>
        _accepted.GetValueOrDefault(reading.File) is { } offer && !served.Values.Any(current => current.FileHash == offer.FileHash)
            ? reading.Warnings.FirstOrDefault(warning => warning.IsEarly)?.ToString()
            : null;

    /// <summary>The hosts that a file which cannot be used leaves without news, as well as that can be told.</summary>
    public IReadOnlyList<HostName> HostsOf(CertificateFile file, IReadOnlyList<HostName> names, IReadOnlyDictionary<HostName, ServedCredential> served)
    {
        var chosen = Choose();
        var accepted = _accepted.GetValueOrDefault(file);
        IEnumerable<HostName>[] guesses =
        [
            served.Where(entry => entry.Value.Source == ServedCredential.Files && entry.Value.Origin == file.Certificate).Select(entry => entry.Key),
            options.Hosts.Where(host => accepted?.Credential.Covers(host) == true),
            options.Hosts.Where(host => names.Any(name => name.Matches(host))),
            options.Hosts.Where(host => !chosen.ContainsKey(host)),
            options.Hosts,
        ];
        return [.. guesses.First(guess => guess.Any())];
    }

    public void Dispose() => _watcher?.Dispose();

    CertificateReading Remember(CertificateReading reading, FileContents contents)
    {
        if (reading.Untimely is { } credential) _untimely[reading.File] = Offer(credential, reading.File, contents);
        else _untimely.Remove(reading.File);
        return reading;
    }

    static ServedCredential Offer(Credential credential, CertificateFile file, FileContents contents) =>
        new(credential, ServedCredential.Files, file.Certificate) { FileHash = contents.Hash };
}
