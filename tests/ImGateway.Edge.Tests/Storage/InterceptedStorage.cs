using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Tests.Storage;

/// <summary>A storage at whose calls something happens: it fails, or another edge writes in between.</summary>
sealed class InterceptedStorage(IStorage storage) : IStorage
{
    /// <summary>Called before keys are listed.</summary>
    public Func<Task> OnList { get; set; } = () => Task.CompletedTask;

    /// <summary>Called after a value was read.</summary>
    public Func<string, Task> AfterRead { get; set; } = _ => Task.CompletedTask;

    public bool IsWriter => storage.IsWriter;

    public bool IsShared => storage.IsShared;

    public string LocationOf(string key) => storage.LocationOf(key);

    public ValueTask OpenAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken) => storage.OpenAsync(keys, cancellationToken);

    public async ValueTask<StoredValue?> ReadAsync(string key, CancellationToken cancellationToken)
    {
        var value = await storage.ReadAsync(key, cancellationToken);
        await AfterRead(key);
        return value;
    }

    public async ValueTask<IReadOnlyList<string>> ListAsync(string folder, CancellationToken cancellationToken)
    {
        await OnList();
        return await storage.ListAsync(folder, cancellationToken);
    }

    public ValueTask<IStagedWrite> StageAsync(IReadOnlyList<StorageChange> changes, IStorageLease? lease, CancellationToken cancellationToken) => storage.StageAsync(changes, lease, cancellationToken);

    public ValueTask<string?> AppendAsync(string key, ReadOnlyMemory<byte> line, LogRetention retention, CancellationToken cancellationToken) => storage.AppendAsync(key, line, retention, cancellationToken);

    public IAsyncEnumerable<string> ReadLinesAsync(string key, CancellationToken cancellationToken) => storage.ReadLinesAsync(key, cancellationToken);

    public ValueTask<IReadOnlyList<string>> ReadLastLinesAsync(string key, int mostBytes, CancellationToken cancellationToken) => storage.ReadLastLinesAsync(key, mostBytes, cancellationToken);

    public IAsyncEnumerable<string> WatchAsync(string folder, CancellationToken cancellationToken) => storage.WatchAsync(folder, cancellationToken);

    public ValueTask<IStorageLease?> TryLeaseAsync(string name, CancellationToken cancellationToken) => storage.TryLeaseAsync(name, cancellationToken);
}
