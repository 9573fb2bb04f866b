using System.Runtime.Versioning;
using ImGateway.Edge.Storage;
using ImGateway.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Edge.Tests.Storage;

[UnsupportedOSPlatform("windows")]
public sealed class FileStorageTests : StorageContractTests, IDisposable
{
    readonly TemporaryDirectory _folder = new();
    readonly FakeTimeProvider _time = new();
    readonly List<FileStorage> _nodes = [];
    Action _step = () => { };

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        foreach (var node in _nodes) node.Dispose();
        _folder.Dispose();
    }

    private protected override IStorage Node()
    {
        _nodes.Add(new FileStorage(_folder["data"], new PrivateFileModes(NullLogger<PrivateFileModes>.Instance), new DiskOperationHook(() => _step()), _time, NullLogger<FileStorage>.Instance));
        return _nodes[^1];
    }

    [Fact]
    public async Task One_process_writes_and_another_sees_what_it_changes()
    {
        var (writer, other) = (await WriterAsync(), Node());
        Assert.Null(await other.TryLeaseAsync(IStorage.Writer, Cancelled));
        Assert.Null(await other.TryLeaseAsync("issuance/a", Cancelled));
        await ChangesOfAnotherNodeAreSeenAsync(writer, other, () =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return Task.CompletedTask;
        });
    }

    /// <summary>More folders than are changed one after the other.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_change_of_many_folders_that_fails_in_one_leaves_all_as_they_were(bool whileStaging)
    {
        var storage = await WriterAsync();
        var folders = Enumerable.Range(0, ConcurrentFolders.Few * 4).Select(n => $"host{n}").ToList();
        await storage.WriteAsync([.. Changes(1)], lease: null, Cancelled);
        var operations = 0;
        await using (var staged = whileStaging ? null : await storage.StageAsync([.. Changes(2)], lease: null, Cancelled))
        {
            _step = () =>
            {
                if (Interlocked.Increment(ref operations) == folders.Count) throw new IOException("the disk is full");
            };
            await Assert.ThrowsAsync<IOException>(async () => await (staged?.CommitAsync(Cancelled) ?? storage.WriteAsync([.. Changes(2)], lease: null, Cancelled)));
            _step = () => { };
        }

        Assert.All(await ContentsAsync(), content => Assert.Equal([1], content));
        Assert.Empty(Directory.EnumerateFiles(_folder["data"], ".*", SearchOption.AllDirectories));

        await storage.WriteAsync([.. Changes(3)], lease: null, Cancelled);
        Assert.All(await ContentsAsync(), content => Assert.Equal([3], content));

        IEnumerable<StorageChange> Changes(byte content) => folders.SelectMany(folder => (StorageChange[])[new($"{folder}/current", [content]), new($"{folder}/state", [content])]);

        async Task<List<byte[]>> ContentsAsync()
        {
            List<byte[]> contents = [];
            foreach (var key in folders.SelectMany(folder => (string[])[$"{folder}/current", $"{folder}/state"])) contents.Add((await storage.ReadAsync(key, Cancelled))!.Content);
            return contents;
        }
    }

    /// <summary>The folder as a crash would leave it at each step; the next writer finds one state or the other.</summary>
    [Fact]
    public async Task After_a_crash_all_keys_of_a_folder_have_changed_or_none()
    {
        var storage = await WriterAsync();
        StorageChange[] before = [new("a/previous", [0]), new("a/current", [1]), new("a/order", [2]), new("a/state", [1])];
        StorageChange[] after = [new("a/previous", [1]), new("a/current", [3]), new("a/order", content: null), new("a/state", [3])];
        await storage.WriteAsync(before, lease: null, Cancelled);
        List<string> copies = [];
        _step = () =>
        {
            copies.Add(_folder[$"crash-{copies.Count}"]);
            Copy(_folder["data"], copies[^1]);
        };
        await storage.WriteAsync(after, lease: null, Cancelled);
        _step = () => { };

        List<string> states = [];
        foreach (var copy in copies)
        {
            using var next = new FileStorage(copy, new PrivateFileModes(NullLogger<PrivateFileModes>.Instance), new DiskOperationHook(() => _step()), _time, NullLogger<FileStorage>.Instance);
            await using var lease = await next.TryLeaseAsync(IStorage.Writer, Cancelled);
            states.Add(string.Join(' ', Directory.GetFiles(Path.Combine(copy, "a")).Order(StringComparer.Ordinal).Select(file => $"{Path.GetFileName(file)}={File.ReadAllBytes(file)[0]}")));
        }

        Assert.Equal(["current=1 order=2 previous=0 state=1", "current=3 previous=1 state=3"], states.Distinct());
        Assert.True(copies.Count >= 7);
    }

    /// <summary>Versions that knew bundles alone called what they had staged for current.pem so.</summary>
    [Fact]
    public async Task A_commit_that_an_older_version_has_begun_is_finished()
    {
        var folder = Directory.CreateDirectory(_folder["data", "certificates", "a"]).FullName;
        foreach (var (name, text) in new[] { ("current.pem", "old"), ("state.json", "old"), (".next.pem", "new"), (".next.previous.pem", "old"), (".commit.state.json", "new") })
        {
            await File.WriteAllTextAsync(Path.Combine(folder, name), text, Cancelled);
        }

        await WriterAsync();

        Assert.Equal(
            ["current.pem=new", "previous.pem=old", "state.json=new"],
            Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(file => $"{Path.GetFileName(file)}={File.ReadAllText(file)}"));
    }

    [Fact]
    public async Task A_file_that_is_written_alone_is_no_part_of_a_commit_that_a_crash_interrupts()
    {
        var folder = Directory.CreateDirectory(_folder["data", "a"]).FullName;
        var storage = await WriterAsync();
        await using var half = await storage.StageAsync([new StorageChange("a/pending.pem", [9])], lease: null, Cancelled);
        await using var bundle = await storage.StageAsync([new StorageChange("a/current.pem", [1]), new StorageChange("a/state.json", [1])], lease: null, Cancelled);
        File.Move(Path.Combine(folder, ".next.state.json"), Path.Combine(folder, ".commit.state.json"));
        Copy(_folder["data"], _folder["crash"]);

        using var next = new FileStorage(_folder["crash"], new PrivateFileModes(NullLogger<PrivateFileModes>.Instance), new DiskOperationHook(() => _step()), _time, NullLogger<FileStorage>.Instance);
        await using var lease = await next.TryLeaseAsync(IStorage.Writer, Cancelled);

        Assert.Equal(["a/current.pem", "a/state.json"], await next.ListAsync("a", Cancelled));
        Assert.Equal(2, Directory.GetFiles(_folder["crash", "a"]).Length);
    }

    [Fact]
    public async Task A_folder_of_the_volume_that_may_not_be_entered_is_left_alone()
    {
        Directory.CreateDirectory(_folder["data", "lost+found"], UnixFileMode.None);
        await WriterAsync();
    }

    /// <summary>Undone by a later disposal, it would overwrite what was committed in between.</summary>
    [Fact]
    public async Task A_commit_that_fails_is_undone_before_another_one_of_its_keys()
    {
        var storage = await WriterAsync();
        await WriteAsync(storage, "a/one", "old");
        await using var failing = await storage.StageAsync([new StorageChange("a/one", [1]), new StorageChange("b/two", [2])], lease: null, Cancelled);
        var fails = true;
        _step = () =>
        {
            if (!fails) return;
            fails = false;
            throw new IOException("no space left");
        };

        await Assert.ThrowsAsync<IOException>(async () => await failing.CommitAsync(Cancelled));
        Assert.Equal("old", await File.ReadAllTextAsync(_folder["data", "a", "one"], Cancelled));
        await WriteAsync(storage, "a/one", "another");
        await failing.DisposeAsync();

        Assert.Equal("another", await File.ReadAllTextAsync(_folder["data", "a", "one"], Cancelled));
        Assert.Equal(["a/one"], await storage.ListAsync("a", Cancelled));
        Assert.Empty(await storage.ListAsync("b", Cancelled));
    }

    /// <summary>A revoked key must not be back after a power failure. Each step is after an fsync.</summary>
    [Theory]
    [InlineData("a/one")]
    [InlineData("a/one", "a/two")]
    public async Task A_change_of_deletions_alone_is_made_durable(params string[] keys)
    {
        var storage = await WriterAsync();
        foreach (var key in keys) await WriteAsync(storage, key, "x");
        await using var staged = await storage.StageAsync([.. keys.Select(key => new StorageChange(key, content: null))], lease: null, Cancelled);
        List<bool> steps = [];
        _step = () => steps.Add(Directory.EnumerateFiles(_folder["data", "a"]).Any());

        await staged.CommitAsync(Cancelled);

        Assert.Equal([false], steps);
    }

    static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var folder in Directory.EnumerateDirectories(from)) Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        foreach (var file in Directory.EnumerateFiles(from).Where(file => Path.GetFileName(file) != "lock")) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }
}
