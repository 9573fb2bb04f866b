using System.Text;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Tests.Storage;

/// <summary>What every storage promises to the edges that share it.</summary>
public abstract class StorageContractTests
{
    static readonly LogRetention Retention = new(MaxBytes: 100, Keep: 2);

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>A process of its own, on the storage that all nodes of a test share.</summary>
    private protected abstract IStorage Node();

    /// <summary>The end of a node's process.</summary>
    private protected static void End(IStorage node) => ((IDisposable)node).Dispose();

    [Fact]
    public async Task What_is_written_is_read_by_all_nodes_and_another_content_has_another_version()
    {
        var (writer, other) = (await WriterAsync(), Node());
        Assert.Null(await other.ReadAsync("certificates/a/state.json", Cancelled));

        await WriteAsync(writer, "certificates/a/state.json", "one");
        var one = await other.ReadAsync("certificates/a/state.json", Cancelled);
        await WriteAsync(writer, "certificates/a/state.json", "two");
        var two = await other.ReadAsync("certificates/a/state.json", Cancelled);

        Assert.Equal(("one", "two"), (Text(one), Text(two)));
        Assert.NotEqual(one!.Version, two!.Version);
    }

    [Fact]
    public async Task Keys_are_listed_with_those_of_folders_below_and_no_others()
    {
        var storage = await WriterAsync();
        foreach (var key in new[] { "certificates/b/current.pem", "certificates/a/current.pem", "certificates/a/state.json", "certificates-not/a", "revoked.json" }) await WriteAsync(storage, key, "x");

        Assert.Equal(["certificates/a/current.pem", "certificates/a/state.json", "certificates/b/current.pem"], await storage.ListAsync("certificates", Cancelled));
        Assert.Empty(await storage.ListAsync("accounts", Cancelled));
    }

    [Fact]
    public async Task A_write_that_expects_another_version_changes_nothing()
    {
        var storage = await WriterAsync();
        await storage.WriteAsync([new StorageChange("limits.json", Bytes("one"), StoredValue.Absent)], lease: null, Cancelled);
        var version = (await storage.ReadAsync("limits.json", Cancelled))!.Version;
        await storage.WriteAsync([new StorageChange("limits.json", Bytes("two"), version)], lease: null, Cancelled);

        await Assert.ThrowsAsync<StorageConflictException>(async () => await storage.WriteAsync([new StorageChange("limits.json", Bytes("three"), version)], lease: null, Cancelled));
        await Assert.ThrowsAsync<StorageConflictException>(async () => await storage.WriteAsync(
            [new StorageChange("other.json", Bytes("x")), new StorageChange("limits.json", Bytes("three"), StoredValue.Absent)], lease: null, Cancelled));

        Assert.Equal(("two", (string?)null), (Text(await storage.ReadAsync("limits.json", Cancelled)), Text(await storage.ReadAsync("other.json", Cancelled))));
    }

    [Fact]
    public async Task A_version_that_changes_between_staging_and_committing_is_a_conflict()
    {
        var storage = await WriterAsync();
        await using var staged = await storage.StageAsync([new StorageChange("a/one", Bytes("1"), StoredValue.Absent), new StorageChange("a/two", Bytes("2"))], lease: null, Cancelled);
        await WriteAsync(storage, "a/one", "other");

        await Assert.ThrowsAsync<StorageConflictException>(async () => await staged.CommitAsync(Cancelled));

        Assert.Equal(("other", (string?)null), (Text(await storage.ReadAsync("a/one", Cancelled)), Text(await storage.ReadAsync("a/two", Cancelled))));
    }

    [Fact]
    public async Task What_is_staged_changes_nothing_until_it_is_committed_and_then_everything()
    {
        var storage = await WriterAsync();
        await WriteAsync(storage, "certificates/a/current.pem", "old");
        await WriteAsync(storage, "certificates/a/pending.pem", "order");
        StorageChange[] changes =
        [
            new("certificates/a/previous.pem", Bytes("old")), new("certificates/a/current.pem", Bytes("new")), new("certificates/a/pending.pem", content: null),
            new("certificates/a/state.json", Bytes("{}")), new("certificates/b/current.pem", Bytes("b")),
        ];

        await using (await storage.StageAsync(changes, lease: null, Cancelled)) Assert.Equal(["a/current.pem=old", "a/pending.pem=order"], await AllAsync(storage));
        Assert.Equal(["a/current.pem=old", "a/pending.pem=order"], await AllAsync(storage));

        await storage.WriteAsync(changes, lease: null, Cancelled);
        Assert.Equal(["a/current.pem=new", "a/previous.pem=old", "a/state.json={}", "b/current.pem=b"], await AllAsync(storage));
    }

    [Fact]
    public async Task Deleting_what_is_not_there_is_no_error()
    {
        var storage = await WriterAsync();
        await storage.DeleteAsync("certificates/none/pending.pem", Cancelled);
        await WriteAsync(storage, "certificates/a/pending.pem", "x");
        await storage.DeleteAsync("certificates/a/pending.pem", Cancelled);
        await storage.DeleteAsync("certificates/a/pending.pem", Cancelled);
        Assert.Empty(await AllAsync(storage));
    }

    [Fact]
    public async Task A_node_that_is_no_writer_writes_nothing()
    {
        var storage = Node();
        await storage.OpenAsync([], Cancelled);
        await Assert.ThrowsAsync<StorageException>(async () => await WriteAsync(storage, "a", "x"));
        await Assert.ThrowsAsync<StorageException>(async () => await storage.AppendAsync("audit.jsonl", Bytes("x"), Retention, Cancelled));
    }

    [Fact]
    public async Task A_lease_has_one_holder_and_each_holder_a_greater_number()
    {
        var storage = await WriterAsync();
        var first = (await storage.TryLeaseAsync("issuance/a", Cancelled))!;
        Assert.Null(await storage.TryLeaseAsync("issuance/a", Cancelled));
        await using var other = await storage.TryLeaseAsync("issuance/b", Cancelled);
        Assert.NotNull(other);

        await first.DisposeAsync();
        await using var second = (await storage.TryLeaseAsync("issuance/a", Cancelled))!;

        Assert.Equal((false, true), (first.IsHeld, second.IsHeld));
        Assert.True(second.FencingNumber > first.FencingNumber);
    }

    [Fact]
    public async Task A_lease_that_has_ended_allows_no_write_and_its_successor_does()
    {
        var storage = await WriterAsync();
        var first = await storage.TryLeaseAsync("issuance/a", Cancelled);
        await using var staged = await storage.StageAsync([new StorageChange("a", Bytes("first"))], first, Cancelled);
        await first!.DisposeAsync();
        await using var second = await storage.TryLeaseAsync("issuance/a", Cancelled);

        await Assert.ThrowsAsync<StorageException>(async () => await staged.CommitAsync(Cancelled));
        await Assert.ThrowsAsync<StorageException>(async () => await storage.WriteAsync([new StorageChange("a", Bytes("first"))], first, Cancelled));
        await storage.WriteAsync([new StorageChange("a", Bytes("second"))], second, Cancelled);

        Assert.Equal("second", Text(await storage.ReadAsync("a", Cancelled)));
    }

    [Fact]
    public async Task What_a_node_held_is_free_when_its_process_has_ended()
    {
        var first = await WriterAsync();
        var lease = (await first.TryLeaseAsync("issuance/a", Cancelled))!;
        End(first);
        Assert.Equal((false, false), (first.IsWriter, lease.IsHeld));

        var second = await WriterAsync();
        await using var successor = await second.TryLeaseAsync("issuance/a", Cancelled);

        Assert.True(successor!.FencingNumber > lease.FencingNumber);
        await Assert.ThrowsAsync<StorageException>(async () => await WriteAsync(first, "a", "x"));
    }

    [Fact]
    public async Task Lines_of_a_log_come_back_in_order_and_old_ones_are_removed()
    {
        var (writer, reader) = (await WriterAsync(), Node());
        Assert.Empty(await LinesAsync(reader));
        Assert.Null(await writer.AppendAsync("audit.jsonl", Bytes("line 0\nline 1"), Retention, Cancelled));
        for (var line = 2; line < 5; line++) Assert.Null(await writer.AppendAsync("audit.jsonl", Bytes($"line {line}"), Retention, Cancelled));
        Assert.Equal(Enumerable.Range(0, 5).Select(line => $"line {line}"), await LinesAsync(reader));

        for (var line = 5; line < 500; line++) await writer.AppendAsync("audit.jsonl", Bytes($"line {line}"), Retention, Cancelled);
        var kept = await LinesAsync(reader);
        Assert.Equal(Enumerable.Range(500 - kept.Count, kept.Count).Select(line => $"line {line}"), kept);
        Assert.InRange(kept.Count, 15, 35);

        // Its end alone, newest first.
        var last = await reader.ReadLastLinesAsync("audit.jsonl", 50, Cancelled);
        Assert.Equal(["line 499", "line 498"], last.Where(line => line.StartsWith("line ", StringComparison.Ordinal)).Take(2));
        Assert.InRange(last.Count, 2, 7);
        Assert.Same(last, await reader.ReadLastLinesAsync("audit.jsonl", 50, Cancelled));
    }

    /// <summary>Waits for what the watcher reports, and would end in the test's time-out where that does not come.</summary>
    private protected async Task ChangesOfAnotherNodeAreSeenAsync(IStorage writer, IStorage watcher, Func<Task> pass)
    {
        await using var changes = watcher.WatchAsync("certificates", Cancelled).GetAsyncEnumerator(Cancelled);
        var next = changes.MoveNextAsync().AsTask();
        await pass();
        await WriteAsync(writer, "revoked.json", "x");
        await WriteAsync(writer, "certificates/a/current.pem", "x");
        await pass();
        Assert.True(await next.WaitAsync(TimeSpan.FromSeconds(30), Cancelled));
        Assert.Equal("certificates/a/current.pem", changes.Current);
    }

    private protected async Task<IStorage> WriterAsync()
    {
        var storage = Node();
        await storage.OpenAsync([], Cancelled);
        Assert.NotNull(await storage.TryLeaseAsync(IStorage.Writer, Cancelled));
        Assert.True(storage.IsWriter);
        return storage;
    }

    private protected static ValueTask WriteAsync(IStorage storage, string key, string text) => storage.WriteAsync(key, Bytes(text), Cancelled);

    static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    static string? Text(StoredValue? value) => value is null ? null : Encoding.UTF8.GetString(value.Content);

    static async Task<List<string>> LinesAsync(IStorage storage) => await storage.ReadLinesAsync("audit.jsonl", Cancelled).ToListAsync(Cancelled);

    static async Task<List<string>> AllAsync(IStorage storage)
    {
        List<string> all = [];
        foreach (var key in await storage.ListAsync("certificates", Cancelled)) all.Add($"{key["certificates/".Length..]}={Text(await storage.ReadAsync(key, Cancelled))}");
        return all;
    }
}
