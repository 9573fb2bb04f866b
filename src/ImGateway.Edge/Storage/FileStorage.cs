using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Storage;

/// <summary>
/// Files under <c>DataDirectory</c>: a key is a path in it. Only the process that holds <c>lock</c> writes; other processes read, and see its changes.
/// Every file is complete or absent (<see cref="DurableFile"/>), and the files of a folder that change together do so across a crash too
/// (<see cref="StagedFiles"/>).
/// </summary>
sealed partial class FileStorage(string root, PrivateFileModes modes, DiskOperationHook hook, TimeProvider time, ILogger<FileStorage> logger) : IStorage, IDisposable
{
    /// <summary>ENOTDIR, as .NET reports it in HResult.</summary>
    const int NotAFolder = 20;

    static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    static readonly EnumerationOptions Subfolders = new() { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = true, RecurseSubdirectories = true };

    readonly Lock _lock = new();
    readonly DiskOperationHook _hook = hook;
    readonly FileLogs _logs = new(hook);
    readonly Dictionary<string, FileLease> _leases = new(StringComparer.Ordinal);
    WriterLock? _writer;
    long _granted;

    public bool IsWriter => Volatile.Read(ref _writer) is not null;

    public bool IsShared => false;

    public static FileStorage In(EdgeOptions options, TimeProvider time, ILoggerFactory loggers) => In(options, DiskOperationHook.Unobserved, time, loggers);

    public static FileStorage In(EdgeOptions options, DiskOperationHook hook, TimeProvider time, ILoggerFactory loggers) =>
        new(options.DataDirectory, new PrivateFileModes(loggers.CreateLogger<PrivateFileModes>()), hook, time, loggers.CreateLogger<FileStorage>());

    public string LocationOf(string key) => Path.Combine([root, .. key.Split('/')]);

    public ValueTask OpenAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        modes.EnsureFolder(root);
        foreach (var path in keys.Select(LocationOf))
        {
            if (Directory.Exists(path)) modes.EnsureFolder(path);
            else if (File.Exists(path)) modes.EnsureFile(path);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<StoredValue?> ReadAsync(string key, CancellationToken cancellationToken) => ValueTask.FromResult(Read(key));

    public ValueTask<IReadOnlyList<string>> ListAsync(string folder, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<string>>([.. Files(folder).Select(KeyOf)]);

    public ValueTask<IStagedWrite> StageAsync(IReadOnlyList<StorageChange> changes, IStorageLease? lease, CancellationToken cancellationToken)
    {
        Check(changes, lease);
        return ValueTask.FromResult<IStagedWrite>(new StagedWrite(this, changes, lease));
    }

    public ValueTask<string?> AppendAsync(string key, ReadOnlyMemory<byte> lines, LogRetention retention, CancellationToken cancellationToken)
    {
        CheckWriter();
        return ValueTask.FromResult(_logs.Append(LocationOf(key), lines.Span, retention));
    }

    public IAsyncEnumerable<string> ReadLinesAsync(string key, CancellationToken cancellationToken) => FileLogs.ReadLines(LocationOf(key)).ToAsyncEnumerable();

    public ValueTask<IReadOnlyList<string>> ReadLastLinesAsync(string key, int mostBytes, CancellationToken cancellationToken) =>
        ValueTask.FromResult(_logs.ReadLastLines(LocationOf(key), mostBytes));

    public IAsyncEnumerable<string> WatchAsync(string folder, CancellationToken cancellationToken) => WatchAsync(folder, States(folder), cancellationToken);

    /// <summary>Leases other than <see cref="IStorage.Writer"/> belong to tasks of the writer: no other process takes any.</summary>
    public ValueTask<IStorageLease?> TryLeaseAsync(string name, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (name == IStorage.Writer && _writer is null) TakeWriter();
            if (_writer is null || _leases.ContainsKey(name)) return ValueTask.FromResult<IStorageLease?>(null);
            // The number of a later process is greater than every number of this one.
            return ValueTask.FromResult<IStorageLease?>(_leases[name] = new FileLease(this, name, (_writer.Count << 32) + ++_granted));
        }
    }

    public void Dispose()
    {
        lock (_lock) EndWriter();
    }

    async IAsyncEnumerable<string> WatchAsync(string folder, Dictionary<string, (long Length, DateTime Written)> known, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(PollInterval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            // The writer's own changes are not reported to it, and there are no others.
            if (IsWriter) continue;
            var now = States(folder);
            foreach (var key in now.Keys.Union(known.Keys).Where(key => now.GetValueOrDefault(key) != known.GetValueOrDefault(key))) yield return key;
            known = now;
        }
    }

    /// <summary>The new writer removes what a crash has left behind, which may contain keys.</summary>
    void TakeWriter()
    {
        var path = LocationOf("lock");
        _writer = WriterLock.TryTake(path);
        if (_writer is null) return;
        if (_writer.Problem is { } problem) OwnerNotWritten(path, problem);
        try
        {
            foreach (var folder in Directory.EnumerateDirectories(root, "*", Subfolders).Prepend(root))
            {
                StagedFiles.Recover(folder, _hook);
                DurableFile.RemoveTemporaries(folder);
            }
        }
        catch
        {
            EndWriter();
            throw;
        }
    }

    void EndWriter()
    {
        _leases.Clear();
        _writer?.Dispose();
        _writer = null;
    }

    void Release(FileLease lease)
    {
        lock (_lock)
        {
            if (!IsHeld(lease)) return;
            _leases.Remove(lease.Name);
            if (lease.Name == IStorage.Writer) EndWriter();
        }
    }

    bool IsHeld(FileLease lease)
    {
        lock (_lock) return _leases.GetValueOrDefault(lease.Name) == lease;
    }

    void Check(IReadOnlyList<StorageChange> changes, IStorageLease? lease)
    {
        CheckWriter();
        if (lease is { IsHeld: false }) throw new StorageException($"{root}: the lease '{lease.Name}' has ended; what it protected is not written");
        foreach (var change in changes.Where(change => change.Expected is not null))
        {
            if ((Read(change.Key)?.Version ?? StoredValue.Absent) != change.Expected) throw new StorageConflictException(LocationOf(change.Key));
        }
    }

    void CheckWriter()
    {
        if (!IsWriter) throw new StorageException($"{LocationOf("lock")}: is held by another imgw process; ask that one, or stop it");
    }

    StoredValue? Read(string key)
    {
        try
        {
            var content = File.ReadAllBytes(LocationOf(key));
            return new StoredValue(content, Convert.ToHexString(SHA256.HashData(content)));
        }
        catch (IOException e) when (e is FileNotFoundException or DirectoryNotFoundException || e.HResult == NotAFolder)
        {
            return null;
        }
    }

    IEnumerable<string> Files(string folder)
    {
        var path = LocationOf(folder);
        return Directory.Exists(path)
            ? Directory.EnumerateFiles(path, "*", Subfolders).Where(file => Path.GetFileName(file)[0] != '.').Order(StringComparer.Ordinal)
            : [];
    }

    /// <summary>Length and time of each file, by which changes are detected; empty while the folder cannot be read.</summary>
    Dictionary<string, (long Length, DateTime Written)> States(string folder)
    {
        try
        {
            return Files(folder).Select(file => new FileInfo(file)).Where(file => file.Exists).ToDictionary(file => KeyOf(file.FullName), file => (file.Length, file.LastWriteTimeUtc));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    string KeyOf(string path) => Path.GetRelativePath(root, path).Replace(Path.DirectorySeparatorChar, '/');

    [LoggerMessage(1, LogLevel.Warning, "{Path}: the process id cannot be written: {Why}. The lock holds all the same; free space on its disk")]
    partial void OwnerNotWritten(string path, string why);

    sealed class FileLease(FileStorage storage, string name, long number) : IStorageLease
    {
        public string Name => name;

        public long FencingNumber => number;

        public bool IsHeld => storage.IsHeld(this);

        public ValueTask DisposeAsync()
        {
            storage.Release(this);
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>Commits folder by folder, or many at once; if one fails, the changes of the others are undone.</summary>
    sealed class StagedWrite : IStagedWrite
    {
        readonly FileStorage _storage;
        readonly IReadOnlyList<StorageChange> _changes;
        readonly IStorageLease? _lease;
        readonly List<StagedFiles> _folders = [];
        bool _committed;

        public StagedWrite(FileStorage storage, IReadOnlyList<StorageChange> changes, IStorageLease? lease)
        {
            (_storage, _changes, _lease) = (storage, changes, lease);
            try
            {
                ConcurrentFolders.ForEach([.. changes.GroupBy(change => Path.GetDirectoryName(storage.LocationOf(change.Key))!)], folder =>
                {
                    var staged = StagedFiles.Of(folder.Key, [.. folder.Select(change => (Path.GetFileName(storage.LocationOf(change.Key)), change.Content))], storage._hook);
                    lock (_folders) _folders.Add(staged);
                });
            }
            catch
            {
                Discard();
                throw;
            }
        }

        public ValueTask CommitAsync(CancellationToken cancellationToken)
        {
            lock (_storage._lock)
            {
                _storage.Check(_changes, _lease);
                try
                {
                    ConcurrentFolders.ForEach(_folders, folder => folder.Commit());
                    _committed = true;
                }
                catch
                {
                    // Within the lock: undone later, it would overwrite what was committed in between.
                    Discard();
                    throw;
                }
            }

            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            if (!_committed) Discard();
            return ValueTask.CompletedTask;
        }

        void Discard()
        {
            List<StagedFiles> folders = [.. _folders];
            _folders.Clear();
            Exception? failure = null;
            foreach (var folder in folders)
            {
                try
                {
                    folder.Discard();
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    failure ??= e;
                }
            }

            if (failure is not null) ExceptionDispatchInfo.Throw(failure);
        }
    }
}
