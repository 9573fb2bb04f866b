namespace ImGateway.Edge.Storage;

/// <summary>
/// A key-value storage that several edges may share: certificates, accounts, pending orders, budgets, challenge responses, audit entries. A key is a path with <c>/</c>
/// between its parts; a folder is the key without the last part. Calls fail with <see cref="IOException"/>, which includes <see cref="StorageException"/>,
/// or with <see cref="UnauthorizedAccessException"/>.
/// </summary>
interface IStorage
{
    /// <summary>The name of the lease of a node that may write. In a single-writer storage it becomes free when the writer ends.</summary>
    const string Writer = "writer";

    /// <summary>Whether this node holds <see cref="Writer"/>.</summary>
    bool IsWriter { get; }

    /// <summary>Whether other nodes may write at the same time.</summary>
    bool IsShared { get; }

    /// <summary>The location of a key for messages to the operator, for example a path.</summary>
    string LocationOf(string key);

    /// <summary>Prepares the storage, and makes the given keys and folders private.</summary>
    ValueTask OpenAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken);

    /// <summary>Null if the key does not exist.</summary>
    ValueTask<StoredValue?> ReadAsync(string key, CancellationToken cancellationToken);

    /// <summary>The keys in a folder and in the folders below it.</summary>
    ValueTask<IReadOnlyList<string>> ListAsync(string folder, CancellationToken cancellationToken);

    /// <summary>
    /// Prepares changes for <see cref="IStagedWrite.CommitAsync"/>, which applies all or none. A crash leaves all changes of a folder or none of them;
    /// of two folders it may leave only those of one, and of several deletions in a folder where nothing is written only some.
    /// </summary>
    /// <param name="lease">The lease that permits the changes; null if being a writer is sufficient.</param>
    /// <exception cref="StorageConflictException">A key has another version than expected.</exception>
    ValueTask<IStagedWrite> StageAsync(IReadOnlyList<StorageChange> changes, IStorageLease? lease, CancellationToken cancellationToken);

    /// <summary>
    /// Appends lines, separated by line breaks and without the last one, to a log. They are durable when the call returns; a crash before may leave the first of them.
    /// </summary>
    /// <returns>Null, or why the log could not be limited to <paramref name="retention"/>.</returns>
    ValueTask<string?> AppendAsync(string key, ReadOnlyMemory<byte> lines, LogRetention retention, CancellationToken cancellationToken);

    /// <summary>The lines of a log, oldest first, without those that <see cref="LogRetention"/> has removed.</summary>
    IAsyncEnumerable<string> ReadLinesAsync(string key, CancellationToken cancellationToken);

    /// <summary>The end of a log, newest line first, cheap enough for frequent calls on a long log.</summary>
    /// <returns>The same list as before if nothing has changed.</returns>
    ValueTask<IReadOnlyList<string>> ReadLastLinesAsync(string key, int mostBytes, CancellationToken cancellationToken);

    /// <summary>
    /// The keys that other nodes change in a folder and its subfolders from this call on; a key may be repeated. Only
    /// cancellation ends it.
    /// </summary>
    IAsyncEnumerable<string> WatchAsync(string folder, CancellationToken cancellationToken);

    /// <summary>
    /// Takes a lease; null while another node holds it. After taking it, check again what it protects, because the last holder may have done the work
    /// (as certmagic's Locker demands).
    /// </summary>
    ValueTask<IStorageLease?> TryLeaseAsync(string name, CancellationToken cancellationToken);
}

/// <summary>An exclusive lock. Disposing it releases the lock.</summary>
interface IStorageLease : IAsyncDisposable
{
    string Name { get; }

    /// <summary>Greater than that of every earlier holder. The storage refuses writes under a lease that another node has taken over.</summary>
    long FencingNumber { get; }

    bool IsHeld { get; }
}

/// <summary>Prepared changes. Disposing it discards what is not committed, also after a commit that failed halfway.</summary>
interface IStagedWrite : IAsyncDisposable
{
    /// <exception cref="StorageConflictException">A key has another version than expected; nothing has changed.</exception>
    ValueTask CommitAsync(CancellationToken cancellationToken);
}
