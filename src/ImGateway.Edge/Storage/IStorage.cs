namespace ImGateway.Edge.Storage;

/// <summary>
/// What several edges may share: certificates, accounts, orders under way, budgets, challenge responses, audit entries. A key is a path with <c>/</c>
/// between its parts; a folder is what comes before the last one. Calls fail with <see cref="IOException"/>, of which <see cref="StorageException"/> is
/// one, or <see cref="UnauthorizedAccessException"/>.
/// </summary>
interface IStorage
{
    /// <summary>The lease of a node that may write. Where the storage has one writer at a time it is free when that one has ended.</summary>
    const string Writer = "writer";

    /// <summary>Whether this node holds <see cref="Writer"/>.</summary>
    bool IsWriter { get; }

    /// <summary>Whether other nodes may write at the same time.</summary>
    bool IsShared { get; }

    /// <summary>Where an operator finds what is stored under the key; for messages.</summary>
    string LocationOf(string key);

    /// <summary>Makes the storage usable, and closes to other users what is stored under the keys, and folders among them.</summary>
    ValueTask OpenAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken);

    /// <summary>Null where there is nothing.</summary>
    ValueTask<StoredValue?> ReadAsync(string key, CancellationToken cancellationToken);

    /// <summary>The keys in a folder and in the folders below it.</summary>
    ValueTask<IReadOnlyList<string>> ListAsync(string folder, CancellationToken cancellationToken);

    /// <summary>
    /// Prepares changes that are made by <see cref="IStagedWrite.CommitAsync"/>, all or none. A crash leaves all changes of a folder or none of them;
    /// between two folders it may leave the first alone.
    /// </summary>
    /// <param name="lease">What makes this node the one that may change these keys; null: being a writer is enough.</param>
    /// <exception cref="StorageConflictException">A key has another version than expected.</exception>
    ValueTask<IStagedWrite> StageAsync(IReadOnlyList<StorageChange> changes, IStorageLease? lease, CancellationToken cancellationToken);

    /// <summary>Adds a line to a log; a line break follows it. It is durable when this returns.</summary>
    /// <returns>Null, or why the log keeps more than <paramref name="retention"/> allows.</returns>
    ValueTask<string?> AppendAsync(string key, ReadOnlyMemory<byte> line, LogRetention retention, CancellationToken cancellationToken);

    /// <summary>The lines of a log, oldest first, without those that <see cref="LogRetention"/> has removed.</summary>
    IAsyncEnumerable<string> ReadLinesAsync(string key, CancellationToken cancellationToken);

    /// <summary>The end of a log, newest line first: for who asks every few seconds, however long the log has become.</summary>
    /// <returns>The same list as before where nothing has changed.</returns>
    ValueTask<IReadOnlyList<string>> ReadLastLinesAsync(string key, int mostBytes, CancellationToken cancellationToken);

    /// <summary>
    /// Keys in a folder, and in the folders below it, as other nodes change them from this call on; the same key more than once if need be. Only
    /// cancellation ends it.
    /// </summary>
    IAsyncEnumerable<string> WatchAsync(string folder, CancellationToken cancellationToken);

    /// <summary>
    /// Null while another holds it. Look again at what it protects once it is taken: its last holder may have done the work
    /// (as certmagic's Locker demands).
    /// </summary>
    ValueTask<IStorageLease?> TryLeaseAsync(string name, CancellationToken cancellationToken);
}

/// <summary>The right to do something that only one node may do at a time. Disposing it releases it.</summary>
interface IStorageLease : IAsyncDisposable
{
    string Name { get; }

    /// <summary>Greater than that of every holder before: the storage refuses writes under a lease that has passed to another.</summary>
    long FencingNumber { get; }

    bool IsHeld { get; }
}

/// <summary>Disposing it takes back what is not committed, also where committing has failed halfway.</summary>
interface IStagedWrite : IAsyncDisposable
{
    /// <exception cref="StorageConflictException">A key has another version than expected; nothing has changed.</exception>
    ValueTask CommitAsync(CancellationToken cancellationToken);
}
