using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;

namespace ImGateway.Edge.Storage;

/// <summary>A storage in memory, shared by the edges of one process; each edge uses a <see cref="Node"/> of its own.</summary>
sealed class MemoryStorage
{
    readonly Lock _lock = new();
    readonly SortedDictionary<string, StoredValue> _values = new(StringComparer.Ordinal);
    readonly Dictionary<string, List<string>> _logs = new(StringComparer.Ordinal);
    readonly Dictionary<(string Key, int MostBytes), IReadOnlyList<string>> _lastLines = [];
    readonly Dictionary<string, Node.Lease> _leases = new(StringComparer.Ordinal);
    readonly List<Watcher> _watchers = [];
    long _versions, _fencing;

    /// <summary>The storage as one edge sees it. Disposing it has the effect of the end of a process: its leases are released.</summary>
    public sealed class Node(MemoryStorage shared, string name) : IStorage, IDisposable
    {
        public bool IsWriter => Holds(IStorage.Writer);

        public bool IsShared => true;

        public string LocationOf(string key) => $"memory:{key}";

        public ValueTask OpenAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask<StoredValue?> ReadAsync(string key, CancellationToken cancellationToken)
        {
            lock (shared._lock) return ValueTask.FromResult(shared._values.GetValueOrDefault(key));
        }

        public ValueTask<IReadOnlyList<string>> ListAsync(string folder, CancellationToken cancellationToken)
        {
            lock (shared._lock) return ValueTask.FromResult<IReadOnlyList<string>>([.. shared._values.Keys.Where(key => IsIn(folder, key))]);
        }

        public ValueTask<IStagedWrite> StageAsync(IReadOnlyList<StorageChange> changes, IStorageLease? lease, CancellationToken cancellationToken)
        {
            lock (shared._lock) Check(changes, lease);
            return ValueTask.FromResult<IStagedWrite>(new StagedWrite(this, changes, lease));
        }

        public ValueTask<string?> AppendAsync(string key, ReadOnlyMemory<byte> appended, LogRetention retention, CancellationToken cancellationToken)
        {
            lock (shared._lock)
            {
                Check([], lease: null);
                if (!shared._logs.TryGetValue(key, out var lines)) shared._logs[key] = lines = [];
                lines.AddRange(Encoding.UTF8.GetString(appended.Span).Split('\n'));
                // The maximum that files would hold.
                while (lines.Count > 1 && lines.Sum(BytesOf) > retention.MaxBytes * (retention.Keep + 1)) lines.RemoveAt(0);
                foreach (var last in shared._lastLines.Keys.Where(last => last.Key == key).ToList()) shared._lastLines.Remove(last);
            }

            return ValueTask.FromResult<string?>(null);
        }

        public IAsyncEnumerable<string> ReadLinesAsync(string key, CancellationToken cancellationToken)
        {
            lock (shared._lock) return shared._logs.GetValueOrDefault(key, []).ToList().ToAsyncEnumerable();
        }

        public ValueTask<IReadOnlyList<string>> ReadLastLinesAsync(string key, int mostBytes, CancellationToken cancellationToken)
        {
            lock (shared._lock)
            {
                if (shared._lastLines.TryGetValue((key, mostBytes), out var known)) return ValueTask.FromResult(known);
                var left = (long)mostBytes;
                return ValueTask.FromResult(
                    shared._lastLines[(key, mostBytes)] = [.. shared._logs.GetValueOrDefault(key, []).AsEnumerable().Reverse().TakeWhile(line => (left -= BytesOf(line)) >= 0)]);
            }
        }

        public IAsyncEnumerable<string> WatchAsync(string folder, CancellationToken cancellationToken)
        {
            var watcher = new Watcher(name, folder, Channel.CreateUnbounded<string>());
            lock (shared._lock) shared._watchers.Add(watcher);
            return ReadAsync(watcher, cancellationToken);
        }

        public ValueTask<IStorageLease?> TryLeaseAsync(string name, CancellationToken cancellationToken)
        {
            lock (shared._lock)
            {
                var leased = NameOf(name);
                return ValueTask.FromResult<IStorageLease?>(
                    shared._leases.ContainsKey(leased) ? null : shared._leases[leased] = new Lease(this, leased, ++shared._fencing));
            }
        }

        public void Dispose()
        {
            lock (shared._lock)
            {
                foreach (var lease in shared._leases.Values.Where(lease => lease.IsOf(this)).ToList()) shared._leases.Remove(lease.Name);
                shared._watchers.RemoveAll(watcher => watcher.Node == name);
            }
        }

        async IAsyncEnumerable<string> ReadAsync(Watcher watcher, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            try
            {
                await foreach (var key in watcher.Keys.Reader.ReadAllAsync(cancellationToken)) yield return key;
            }
            finally
            {
                lock (shared._lock) shared._watchers.Remove(watcher);
            }
        }

        /// <summary>With the line break.</summary>
        static long BytesOf(string line) => Encoding.UTF8.GetByteCount(line) + 1L;

        /// <summary>Every node may write, so each has a writer lease of its own.</summary>
        string NameOf(string lease) => lease == IStorage.Writer ? $"{lease}/{name}" : lease;

        bool Holds(string lease)
        {
            lock (shared._lock) return shared._leases.GetValueOrDefault(NameOf(lease))?.IsOf(this) == true;
        }

        void Check(IReadOnlyList<StorageChange> changes, IStorageLease? lease)
        {
            if (!IsWriter) throw new StorageException($"{name}: is no writer of this storage");
            if (lease is { IsHeld: false }) throw new StorageException($"{name}: the lease '{lease.Name}' has ended; what it protected is not written");
            foreach (var change in changes.Where(change => change.Expected is not null))
            {
                if ((shared._values.GetValueOrDefault(change.Key)?.Version ?? StoredValue.Absent) != change.Expected) throw new StorageConflictException(LocationOf(change.Key));
            }
        }

        void Commit(IReadOnlyList<StorageChange> changes, IStorageLease? lease)
        {
            lock (shared._lock)
            {
                Check(changes, lease);
                foreach (var change in changes)
                {
                    if (change.Content is null) shared._values.Remove(change.Key);
                    else shared._values[change.Key] = new StoredValue(change.Content, (++shared._versions).ToString(CultureInfo.InvariantCulture));
                    foreach (var watcher in shared._watchers.Where(watcher => watcher.Node != name && IsIn(watcher.Folder, change.Key))) watcher.Keys.Writer.TryWrite(change.Key);
                }
            }
        }

        static bool IsIn(string folder, string key) => folder.Length == 0 || key.StartsWith(folder + "/", StringComparison.Ordinal);

        sealed class StagedWrite(Node node, IReadOnlyList<StorageChange> changes, IStorageLease? lease) : IStagedWrite
        {
            public ValueTask CommitAsync(CancellationToken cancellationToken)
            {
                node.Commit(changes, lease);
                return ValueTask.CompletedTask;
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }

        internal sealed class Lease(Node node, string name, long number) : IStorageLease
        {
            public string Name => name;

            public long FencingNumber => number;

            public bool IsHeld
            {
                get
                {
                    lock (node.Shared._lock) return node.Shared._leases.GetValueOrDefault(name) == this;
                }
            }

            public bool IsOf(Node other) => node == other;

            public ValueTask DisposeAsync()
            {
                lock (node.Shared._lock)
                {
                    if (IsHeld) node.Shared._leases.Remove(name);
                }

                return ValueTask.CompletedTask;
            }
        }

        MemoryStorage Shared => shared;
    }

    sealed record Watcher(string Node, string Folder, Channel<string> Keys);
}
