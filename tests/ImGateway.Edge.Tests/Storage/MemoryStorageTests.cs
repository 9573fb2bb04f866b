using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Tests.Storage;

public sealed class MemoryStorageTests : StorageContractTests
{
    readonly MemoryStorage _shared = new();
    int _nodes;

    private protected override IStorage Node() => new MemoryStorage.Node(_shared, $"node {++_nodes}");

    [Fact]
    public async Task Every_node_writes_and_sees_what_the_others_write()
    {
        var (one, two) = (await WriterAsync(), await WriterAsync());
        await ChangesOfAnotherNodeAreSeenAsync(one, two, () => Task.CompletedTask);
        await ChangesOfAnotherNodeAreSeenAsync(two, one, () => Task.CompletedTask);
    }
}
